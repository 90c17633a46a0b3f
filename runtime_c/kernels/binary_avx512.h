/* Element-wise add, sub and mul with AVX-512. The output may lie on either operand. */
#ifndef EDGEGEN_BINARY_AVX512_H
#define EDGEGEN_BINARY_AVX512_H

#include "kernels/binary_x86.h"
#include "simd/avx512.h"

EDGEGEN_INLINE __m512i edgegen_avx512_linear(const edgegen_linear_s8_x86 *p, __m128i a, __m128i b)
{
    const __m512i product = _mm512_mullo_epi32(_mm512_cvtepi8_epi32(a), _mm512_set1_epi32(p->a_factor));
    const __m512i other = _mm512_mullo_epi32(_mm512_cvtepi8_epi32(b), _mm512_set1_epi32(p->b_factor));
    const __m512i sum = _mm512_add_epi32(_mm512_add_epi32(product, other), _mm512_set1_epi32(p->offset));
    return _mm512_srai_epi32(sum, 22);
}

EDGEGEN_INLINE __m512i edgegen_avx512_linear64(const edgegen_linear_s8_x86 *p, __m512i a, __m512i b)
{
    const __m512i v = edgegen_avx512_narrow(
        edgegen_avx512_linear(p, _mm512_castsi512_si128(a), _mm512_castsi512_si128(b)),
        edgegen_avx512_linear(p, _mm512_extracti32x4_epi32(a, 1), _mm512_extracti32x4_epi32(b, 1)),
        edgegen_avx512_linear(p, _mm512_extracti32x4_epi32(a, 2), _mm512_extracti32x4_epi32(b, 2)),
        edgegen_avx512_linear(p, _mm512_extracti32x4_epi32(a, 3), _mm512_extracti32x4_epi32(b, 3)));
    return _mm512_min_epi8(_mm512_max_epi8(v, _mm512_set1_epi8((char)p->low)), _mm512_set1_epi8((char)p->high));
}

/* a[count], b[count] -> y: TensorFlow Lite Micro's ADD or SUB, where a linear form was proved equal for all inputs */
EDGEGEN_KERNEL void linear_s8_avx512(const edgegen_linear_s8_x86 *p, const int8_t *a, const int8_t *b, int8_t *y)
{
    int32_t i = 0;
    for (; i + 64 <= p->count; i += 64) {
        const __m512i v = edgegen_avx512_linear64(p, _mm512_loadu_si512(a + i), _mm512_loadu_si512(b + i));
        _mm512_storeu_si512(y + i, v);
    }
    if (i < p->count) {
        const __mmask64 some = edgegen_avx512_first(p->count - i);
        const __m512i v = edgegen_avx512_linear64(p, _mm512_maskz_loadu_epi8(some, a + i),
                                                  _mm512_maskz_loadu_epi8(some, b + i));
        _mm512_mask_storeu_epi8(y + i, some, v);
    }
}

#define EDGEGEN_AVX512_BINARY_F32(name, function)                                                                      \
    EDGEGEN_KERNEL void name(const edgegen_binary_f32_x86 *p, const float *a, const float *b, float *y)                \
    {                                                                                                                  \
        const __m512 low = _mm512_set1_ps(p->low), high = _mm512_set1_ps(p->high);                                     \
        int32_t i = 0;                                                                                                 \
        for (; i + 16 <= p->count; i += 16) {                                                                          \
            const __m512 v = function(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i));                                 \
            _mm512_storeu_ps(y + i, _mm512_min_ps(high, _mm512_max_ps(low, v)));                                       \
        }                                                                                                              \
        if (i < p->count) {                                                                                            \
            const __mmask16 some = (__mmask16)edgegen_avx512_first(p->count - i);                                      \
            const __m512 v = function(_mm512_maskz_loadu_ps(some, a + i), _mm512_maskz_loadu_ps(some, b + i));         \
            _mm512_mask_storeu_ps(y + i, some, _mm512_min_ps(high, _mm512_max_ps(low, v)));                            \
        }                                                                                                              \
    }

EDGEGEN_AVX512_BINARY_F32(add_f32_avx512, _mm512_add_ps)
EDGEGEN_AVX512_BINARY_F32(sub_f32_avx512, _mm512_sub_ps)
EDGEGEN_AVX512_BINARY_F32(mul_f32_avx512, _mm512_mul_ps)

#endif
