/* Element-wise add, sub and mul with AVX2. The output may lie on either operand. */
#ifndef EDGEGEN_BINARY_AVX2_H
#define EDGEGEN_BINARY_AVX2_H

#include "kernels/binary_x86.h"
#include "simd/avx2.h"

EDGEGEN_INLINE __m256i edgegen_avx2_linear(const edgegen_linear_s8_x86 *p, const int8_t *a, const int8_t *b)
{
    const __m256i wide_a = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)a));
    const __m256i wide_b = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)b));
    const __m256i product = _mm256_mullo_epi32(wide_a, _mm256_set1_epi32(p->a_factor));
    const __m256i sum = _mm256_add_epi32(product, _mm256_mullo_epi32(wide_b, _mm256_set1_epi32(p->b_factor)));
    return _mm256_srai_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(p->offset)), 22);
}

/* a[count], b[count] -> y: TensorFlow Lite Micro's ADD or SUB, where a linear form was proved equal for all inputs */
EDGEGEN_KERNEL void linear_s8_avx2(const edgegen_linear_s8_x86 *p, const int8_t *a, const int8_t *b, int8_t *y)
{
    const __m256i low = _mm256_set1_epi8((char)p->low), high = _mm256_set1_epi8((char)p->high);
    int32_t i = 0;
    for (; i + 32 <= p->count; i += 32) {
        __m256i v = edgegen_avx2_narrow(edgegen_avx2_linear(p, a + i, b + i),
                                        edgegen_avx2_linear(p, a + i + 8, b + i + 8),
                                        edgegen_avx2_linear(p, a + i + 16, b + i + 16),
                                        edgegen_avx2_linear(p, a + i + 24, b + i + 24));
        v = _mm256_min_epi8(_mm256_max_epi8(v, low), high);
        _mm256_storeu_si256((__m256i *)(void *)(y + i), v);
    }
    for (; i < p->count; i++) {
        y[i] = edgegen_linear_element(p, a[i], b[i]);
    }
}

#define EDGEGEN_AVX2_BINARY_F32(name, function)                                                                        \
    EDGEGEN_KERNEL void name(const edgegen_binary_f32_x86 *p, const float *a, const float *b, float *y)                \
    {                                                                                                                  \
        const __m256 low = _mm256_set1_ps(p->low), high = _mm256_set1_ps(p->high);                                     \
        int32_t i = 0;                                                                                                 \
        for (; i + 8 <= p->count; i += 8) {                                                                            \
            const __m256 v = function(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i));                                 \
            _mm256_storeu_ps(y + i, _mm256_min_ps(high, _mm256_max_ps(low, v)));                                       \
        }                                                                                                              \
        if (i < p->count) {                                                                                            \
            const __m256i some = edgegen_avx2_first(p->count - i);                                                     \
            const __m256 v = function(_mm256_maskload_ps(a + i, some), _mm256_maskload_ps(b + i, some));               \
            _mm256_maskstore_ps(y + i, some, _mm256_min_ps(high, _mm256_max_ps(low, v)));                              \
        }                                                                                                              \
    }

EDGEGEN_AVX2_BINARY_F32(add_f32_avx2, _mm256_add_ps)
EDGEGEN_AVX2_BINARY_F32(sub_f32_avx2, _mm256_sub_ps)
EDGEGEN_AVX2_BINARY_F32(mul_f32_avx2, _mm256_mul_ps)

#endif
