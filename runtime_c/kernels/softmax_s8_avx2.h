/* Softmax on s8 with AVX2: fixed point as in TensorFlow Lite Micro, with exponentials gathered from a table. */
#ifndef EDGEGEN_SOFTMAX_S8_AVX2_H
#define EDGEGEN_SOFTMAX_S8_AVX2_H

#include "kernels/reciprocal.h"
#include "kernels/softmax.h"
#include "simd/avx2.h"

/* exp of 8 differences from the maximum; exponentials[length] is 0 and stands for all beyond. */
EDGEGEN_INLINE __m256i edgegen_avx2_exponentials(const int32_t *exponentials, int32_t length, int32_t most, __m128i x)
{
    const __m256i below = _mm256_sub_epi32(_mm256_set1_epi32(most), _mm256_cvtepi8_epi32(x));
    return _mm256_i32gather_epi32(exponentials, _mm256_min_epi32(below, _mm256_set1_epi32(length)), 4);
}

EDGEGEN_INLINE __m128i edgegen_avx2_load8(const int8_t *x) { return _mm_loadl_epi64((const __m128i *)(const void *)x); }

/* v / 2^exponent rounded half away from zero, for v >= 0 and exponent in [1, 31] */
EDGEGEN_INLINE __m256i edgegen_avx2_shift_right(__m256i v, int32_t exponent)
{
    const __m128i by = _mm_cvtsi32_si128(exponent), one_less = _mm_cvtsi32_si128(exponent - 1);
    const __m256i last = _mm256_and_si256(_mm256_srl_epi32(v, one_less), _mm256_set1_epi32(1));
    return _mm256_add_epi32(_mm256_srl_epi32(v, by), last);
}

/* scale * e as a doubling high multiply, for e >= 0 */
EDGEGEN_INLINE __m256i edgegen_avx2_scaled(__m256i e, int32_t scale)
{
    const __m256i factor = _mm256_set1_epi32(scale), nudge = _mm256_set1_epi64x(INT64_C(1) << 30);
    const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(e, factor), nudge);
    const __m256i odd = _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(e, 32), factor), nudge);
    return _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_slli_epi64(odd, 1), 0xaa);
}

/* x[rows,depth] -> y, each row by itself, of at least 8; y may be x. The last 8 step back so that they end with the last
 * one. exponentials[length + 1]: exp of the differences 0, -1, ... from the maximum, times 2^31, and a 0. */
EDGEGEN_KERNEL void softmax_s8_avx2(const edgegen_softmax_s8 *p, const int8_t *x, const int32_t *exponentials,
                                    int8_t *y)
{
    const int32_t depth = p->depth, whole = depth - depth % 8;
    for (int32_t r = 0; r < p->rows; r++) {
        int32_t most = x[0];
        for (int32_t c = 1; c < depth; c++) {
            most = edgegen_max_s32(most, x[c]);
        }
        __m256i sums = _mm256_setzero_si256(); /* 12 integer bits each */
        for (int32_t c = 0; c < whole; c += 8) {
            const __m256i e = edgegen_avx2_exponentials(exponentials, p->length, most, edgegen_avx2_load8(x + c));
            sums = _mm256_add_epi32(sums, edgegen_avx2_shift_right(e, 12));
        }
        const __m128i last = edgegen_avx2_load8(x + depth - 8);
        if (whole < depth) { /* of the last 8, those that were not counted yet */
            const __m256i e = edgegen_avx2_exponentials(exponentials, p->length, most, last);
            const __m256i counted = edgegen_avx2_first(8 - depth % 8);
            sums = _mm256_add_epi32(sums, _mm256_andnot_si256(counted, edgegen_avx2_shift_right(e, 12)));
        }
        uint32_t lanes[8], sum = 0;
        _mm256_storeu_si256((__m256i *)(void *)lanes, sums);
        for (int32_t i = 0; i < 8; i++) {
            sum += lanes[i];
        }
        const int32_t zeros = edgegen_leading_zeros(sum);
        const int32_t scale = edgegen_reciprocal_of_one_plus((int32_t)((sum << zeros) - UINT32_C(0x80000000)));
        const int32_t exponent = 12 - zeros + 31 - 8;
        for (int32_t i = 0; i < depth; i += 8) {
            const int32_t c = edgegen_min_s32(i, depth - 8);
            __m256i out = edgegen_avx2_exponentials(exponentials, p->length, most, i > c ? last : edgegen_avx2_load8(x + c));
            out = edgegen_avx2_shift_right(edgegen_avx2_scaled(out, scale), edgegen_min_s32(exponent, 31));
            out = exponent > 31 ? _mm256_setzero_si256() : out;
            out = _mm256_sub_epi32(out, _mm256_set1_epi32(128));
            const __m256i bytes = edgegen_avx2_narrow(out, out, out, out);
            _mm_storel_epi64((__m128i *)(void *)(y + c), _mm256_castsi256_si128(bytes));
        }
        x += depth;
        y += depth;
    }
}

#endif
