/* Softmax on f32 with AVX2 and FMA. */
#ifndef EDGEGEN_SOFTMAX_F32_AVX2_H
#define EDGEGEN_SOFTMAX_F32_AVX2_H

#include "kernels/softmax.h"
#include "simd/avx2.h"

/* exp(x) for x <= 0 within 2 units in the last place, and 0 below the least normal number.
 * x = n * log(2) + r with |r| <= log(2) / 2; 2^n is made of an exponent's bits; exp(r) is 1 + r + r^2 times a polynomial
 * fitted to (exp(r) - 1 - r) / r^2 at Chebyshev points. */
EDGEGEN_INLINE __m256 edgegen_avx2_exp_f32(__m256 x)
{
    const __m256 normal = _mm256_cmp_ps(x, _mm256_set1_ps(-0x1.5d589ep+6f), _CMP_GE_OQ); /* log(2^-126) */
    const __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(0x1.715476p+0f)),
                                     _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0x1.62e400p-1f), x); /* log(2) in two parts: the first is exact */
    r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0x1.7f7d1cp-20f), r);
    __m256 q = _mm256_fmadd_ps(r, _mm256_set1_ps(0x1.6d4f40p-10f), _mm256_set1_ps(0x1.121588p-7f));
    q = _mm256_fmadd_ps(r, q, _mm256_set1_ps(0x1.5554e0p-5f));
    q = _mm256_fmadd_ps(r, q, _mm256_set1_ps(0x1.5554d4p-3f));
    q = _mm256_fmadd_ps(r, q, _mm256_set1_ps(0.5f));
    const __m256 e = _mm256_add_ps(_mm256_set1_ps(1.0f), _mm256_fmadd_ps(_mm256_mul_ps(r, r), q, r));
    const __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);
    const __m256 scaled = _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(e), exponent));
    return _mm256_and_ps(scaled, normal);
}

EDGEGEN_INLINE float edgegen_avx2_total(__m256 v)
{
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

EDGEGEN_INLINE float edgegen_avx2_largest(__m256 v)
{
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}

/* x[rows,depth] -> y, each row by itself; y may be x. */
EDGEGEN_KERNEL void softmax_f32_avx2(const edgegen_softmax_f32 *p, const float *x, float *y)
{
    const __m256 beta = _mm256_set1_ps(p->beta);
    for (int32_t r = 0; r < p->rows; r++) {
        const __m256 first = _mm256_set1_ps(x[0]);
        __m256 most = first, sums = _mm256_setzero_ps();
        for (int32_t c = 0; c < p->depth; c += 8) {
            const __m256i some = edgegen_avx2_first(p->depth - c);
            const __m256 v = _mm256_maskload_ps(x + c, some);
            most = _mm256_max_ps(most, _mm256_blendv_ps(first, v, _mm256_castsi256_ps(some)));
        }
        most = _mm256_set1_ps(edgegen_avx2_largest(most));
        for (int32_t c = 0; c < p->depth; c += 8) {
            const __m256i some = edgegen_avx2_first(p->depth - c);
            const __m256 below = _mm256_mul_ps(_mm256_sub_ps(_mm256_maskload_ps(x + c, some), most), beta);
            const __m256 e = edgegen_avx2_exp_f32(below);
            _mm256_maskstore_ps(y + c, some, e);
            sums = _mm256_add_ps(sums, _mm256_and_ps(e, _mm256_castsi256_ps(some)));
        }
        const __m256 divisor = _mm256_set1_ps(edgegen_avx2_total(sums));
        for (int32_t c = 0; c < p->depth; c += 8) {
            const __m256i some = edgegen_avx2_first(p->depth - c);
            _mm256_maskstore_ps(y + c, some, _mm256_div_ps(_mm256_maskload_ps(y + c, some), divisor));
        }
        x += p->depth;
        y += p->depth;
    }
}

#endif
