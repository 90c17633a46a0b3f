/* AVX2 and FMA: the steps that kernels share. */
#ifndef EDGEGEN_AVX2_H
#define EDGEGEN_AVX2_H

#include <immintrin.h>

#include "edgegen.h"
#include "simd/forms.h"

/* Multiply-accumulates and loads that must stay as written. gcc 12 copies and spills accumulators around the
 * intrinsics, and repeats a load that several multiplies share inside each of them; the assembly prevents both. */
#if defined(__GNUC__)
EDGEGEN_INLINE __m256i edgegen_avx2_dot(__m256i sum, __m256i a, __m256i b)
{
    __m256i product;
    __asm__("vpmaddwd %2, %1, %0" : "=x"(product) : "x"(a), "x"(b));
    __asm__("vpaddd %1, %0, %0" : "+x"(sum) : "x"(product));
    return sum;
}
EDGEGEN_INLINE __m256i edgegen_avx2_fma(__m256i sum, __m256i a, __m256i b)
{
    __asm__("vfmadd231ps %2, %1, %0" : "+x"(sum) : "x"(a), "x"(b));
    return sum;
}
EDGEGEN_INLINE __m256i edgegen_avx2_load(const void *p)
{
    __m256i v = _mm256_loadu_si256((const __m256i *)p);
    __asm__("" : "+x"(v));
    return v;
}
#else
EDGEGEN_INLINE __m256i edgegen_avx2_dot(__m256i sum, __m256i a, __m256i b)
{
    return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}
EDGEGEN_INLINE __m256i edgegen_avx2_fma(__m256i sum, __m256i a, __m256i b)
{
    return _mm256_castps_si256(
        _mm256_fmadd_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), _mm256_castsi256_ps(sum)));
}
EDGEGEN_INLINE __m256i edgegen_avx2_load(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }
#endif

/* 4 bytes in every lane. */
EDGEGEN_INLINE __m256i edgegen_avx2_spread(const uint8_t *p)
{
    int32_t four;
    memcpy(&four, p, sizeof four);
    return _mm256_set1_epi32(four);
}

/* Lanes of 4 bytes: all ones in the first n, n in [0, 8]. */
EDGEGEN_INLINE __m256i edgegen_avx2_first(ptrdiff_t n)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int32_t)n), lane);
}

/* The first n bytes of v, n in [0, 16]. */
EDGEGEN_INLINE void edgegen_avx2_store_first(uint8_t *p, __m128i v, ptrdiff_t n)
{
    if (n >= 16) {
        _mm_storeu_si128((__m128i *)(void *)p, v);
    } else if (n == 8) {
        _mm_storel_epi64((__m128i *)(void *)p, v);
    } else {
        uint8_t all[16];
        _mm_storeu_si128((__m128i *)(void *)all, v);
        memcpy(p, all, (size_t)n);
    }
}

/* n bytes at p, n in [0, 16], then zeros; reads no others. */
EDGEGEN_INLINE __m128i edgegen_avx2_load_first(const uint8_t *p, ptrdiff_t n)
{
    uint8_t all[16] = { 0 };
    memcpy(all, p, (size_t)n);
    return _mm_loadu_si128((const __m128i *)(const void *)all);
}

/* s8 of four vectors of s32, saturated: a's 8, then b's, c's and d's. */
EDGEGEN_INLINE __m256i edgegen_avx2_narrow(__m256i a, __m256i b, __m256i c, __m256i d)
{
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const __m256i mixed = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
    return _mm256_permutevar8x32_epi32(mixed, order);
}

/* How 8 channels finish: s32 rows of 8. Proved float constants (see codegen/ops/requantize_float.py): bias, then f32
 * scale, offset below zero, offset above. Fixed point: bias, then multiplier, left shift, right shift. */
enum { EDGEGEN_AVX2_EPILOGUE = 32 };

EDGEGEN_INLINE __m256i edgegen_avx2_row(const int32_t *epilogue, int row)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)(epilogue + 8 * row));
}

/* As edgegen_requantize, on 8 lanes with a multiplier and shifts each. */
EDGEGEN_INLINE __m256i edgegen_avx2_requantize_fixed(__m256i acc, const int32_t *epilogue)
{
    const __m256i multiplier = edgegen_avx2_row(epilogue, 1), right = edgegen_avx2_row(epilogue, 3);
    const __m256i nudge = _mm256_set1_epi64x(INT64_C(1) << 30);
    const __m256i x = _mm256_sllv_epi32(acc, edgegen_avx2_row(epilogue, 2));
    __m256i even = _mm256_mul_epi32(x, multiplier);
    __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(x, 32), _mm256_srli_epi64(multiplier, 32));
    even = _mm256_srli_epi64(_mm256_add_epi64(even, nudge), 31);
    odd = _mm256_slli_epi64(_mm256_add_epi64(odd, nudge), 1);
    const __m256i high = _mm256_blend_epi32(even, odd, 0xaa);
    const __m256i one = _mm256_set1_epi32(1);
    const __m256i mask = _mm256_sub_epi32(_mm256_sllv_epi32(one, right), one);
    const __m256i half = _mm256_sub_epi32(_mm256_srai_epi32(mask, 1), _mm256_srai_epi32(high, 31));
    const __m256i up = _mm256_cmpgt_epi32(_mm256_and_si256(high, mask), half);
    return _mm256_sub_epi32(_mm256_srav_epi32(high, right), up);
}

/* As edgegen_requantize_scaled: the right shift of a layer that rounds so is -1. */
EDGEGEN_INLINE __m256i edgegen_avx2_requantize_scaled(__m256i acc, const int32_t *epilogue)
{
    const __m256 limit = _mm256_set1_ps(2097152.0f);
    __m256 v = _mm256_mul_ps(_mm256_cvtepi32_ps(acc), _mm256_castsi256_ps(edgegen_avx2_row(epilogue, 1)));
    v = _mm256_max_ps(_mm256_min_ps(v, limit), _mm256_sub_ps(_mm256_setzero_ps(), limit));
    return _mm256_cvtps_epi32(v);
}

/* The requantized accumulators of 8 channels; in fixed point the zero point is added last. */
EDGEGEN_INLINE __m256i edgegen_avx2_requantize(__m256i acc, const int32_t *epilogue, int32_t form, int32_t zero_point)
{
    if (form == EDGEGEN_FIXED_POINT) {
        if (epilogue[24] < 0) {
            return _mm256_add_epi32(edgegen_avx2_requantize_scaled(acc, epilogue), _mm256_set1_epi32(zero_point));
        }
        return _mm256_add_epi32(edgegen_avx2_requantize_fixed(acc, epilogue), _mm256_set1_epi32(zero_point));
    }
    const __m256 scale = _mm256_castsi256_ps(edgegen_avx2_row(epilogue, 1));
    __m256 offset = _mm256_castsi256_ps(edgegen_avx2_row(epilogue, 2));
    if (form == EDGEGEN_TWO_OFFSETS) {
        const __m256 above = _mm256_castsi256_ps(edgegen_avx2_row(epilogue, 3));
        offset = _mm256_blendv_ps(above, offset, _mm256_castsi256_ps(acc));
    }
    return _mm256_cvtps_epi32(_mm256_fmadd_ps(_mm256_cvtepi32_ps(acc), scale, offset));
}

#endif
