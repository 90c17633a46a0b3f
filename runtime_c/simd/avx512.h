/* AVX-512 (F, BW, DQ, VL, VBMI, VNNI): the steps that kernels share. */
#ifndef EDGEGEN_AVX512_H
#define EDGEGEN_AVX512_H

#include <immintrin.h>

#include "edgegen.h"
#include "simd/forms.h"

/* Multiply-accumulates and loads that must stay as written. gcc 12 copies and spills accumulators around the
 * intrinsics, and repeats a load that several multiplies share inside each of them; the assembly prevents both. */
#if defined(__GNUC__)
EDGEGEN_INLINE __m512i edgegen_avx512_dot(__m512i sum, __m512i u8, __m512i s8)
{
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(u8), "v"(s8));
    return sum;
}
EDGEGEN_INLINE __m512i edgegen_avx512_fma(__m512i sum, __m512i a, __m512i b)
{
    __asm__("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
}
EDGEGEN_INLINE __m512i edgegen_avx512_load(const void *p)
{
    __m512i v = _mm512_loadu_si512(p);
    __asm__("" : "+v"(v));
    return v;
}
#else
EDGEGEN_INLINE __m512i edgegen_avx512_dot(__m512i sum, __m512i u8, __m512i s8)
{
    return _mm512_dpbusd_epi32(sum, u8, s8);
}
EDGEGEN_INLINE __m512i edgegen_avx512_fma(__m512i sum, __m512i a, __m512i b)
{
    return _mm512_castps_si512(
        _mm512_fmadd_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), _mm512_castsi512_ps(sum)));
}
EDGEGEN_INLINE __m512i edgegen_avx512_load(const void *p) { return _mm512_loadu_si512(p); }
#endif

/* 4 bytes in every lane. */
EDGEGEN_INLINE __m512i edgegen_avx512_spread(const uint8_t *p)
{
    int32_t four;
    memcpy(&four, p, sizeof four);
    return _mm512_set1_epi32(four);
}

/* The lowest n bits, n in [0, 64]. */
EDGEGEN_INLINE __mmask64 edgegen_avx512_first(ptrdiff_t n)
{
    return n >= 64 ? ~(__mmask64)0 : (((__mmask64)1 << n) - 1);
}

/* n bytes at p, n in [0, 64]; reads no others. */
EDGEGEN_INLINE void edgegen_avx512_store_first(void *p, __m512i v, ptrdiff_t n)
{
    if (n >= 64) {
        _mm512_storeu_si512(p, v);
    } else {
        _mm512_mask_storeu_epi8(p, edgegen_avx512_first(n), v);
    }
}

/* s8 of four vectors of s32, saturated: a's 16, then b's, c's and d's. */
EDGEGEN_INLINE __m512i edgegen_avx512_narrow(__m512i a, __m512i b, __m512i c, __m512i d)
{
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i mixed = _mm512_packs_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
    return _mm512_permutexvar_epi32(order, mixed);
}

/* How 16 channels finish: s32 rows of 16. Proved float constants (see codegen/ops/requantize_float.py): bias, then f32
 * scale, offset below zero, offset above. Fixed point: bias, then multiplier, left shift, right shift. */
enum { EDGEGEN_EPILOGUE_ROW = 16, EDGEGEN_EPILOGUE = 64 };

/* The rows of 16 channels in registers. */
typedef struct {
    __m512i bias, scale, below, above;
} edgegen_avx512_epilogue;

EDGEGEN_INLINE edgegen_avx512_epilogue edgegen_avx512_load_epilogue(const int32_t *rows)
{
    const edgegen_avx512_epilogue e = {
        edgegen_avx512_load(rows),
        edgegen_avx512_load(rows + EDGEGEN_EPILOGUE_ROW),
        edgegen_avx512_load(rows + 2 * EDGEGEN_EPILOGUE_ROW),
        edgegen_avx512_load(rows + 3 * EDGEGEN_EPILOGUE_ROW),
    };
    return e;
}

EDGEGEN_INLINE __m512i edgegen_avx512_requantize_float(__m512i acc, __m512i scale, __m512i offset)
{
    const __m512 wide = _mm512_cvtepi32_ps(acc);
    return _mm512_cvtps_epi32(_mm512_fmadd_ps(wide, _mm512_castsi512_ps(scale), _mm512_castsi512_ps(offset)));
}

EDGEGEN_INLINE __m512i edgegen_avx512_requantize_one(__m512i acc, const int32_t *epilogue)
{
    return edgegen_avx512_requantize_float(acc, _mm512_loadu_si512(epilogue + EDGEGEN_EPILOGUE_ROW),
                                           _mm512_loadu_si512(epilogue + 2 * EDGEGEN_EPILOGUE_ROW));
}

EDGEGEN_INLINE __m512i edgegen_avx512_requantize_two(__m512i acc, const int32_t *epilogue)
{
    const __m512i below = _mm512_loadu_si512(epilogue + 2 * EDGEGEN_EPILOGUE_ROW);
    const __m512i above = _mm512_loadu_si512(epilogue + 3 * EDGEGEN_EPILOGUE_ROW);
    return edgegen_avx512_requantize_float(acc, _mm512_loadu_si512(epilogue + EDGEGEN_EPILOGUE_ROW),
                                           _mm512_mask_mov_epi32(above, _mm512_movepi32_mask(acc), below));
}

/* As edgegen_requantize, on 16 lanes with a multiplier and shifts each. The doubling high multiply is
 * (2 * a * b + 2^31) >> 32: half-way cases go up on both sides of zero. */
EDGEGEN_INLINE __m512i edgegen_avx512_requantize_fixed(__m512i acc, __m512i multiplier, __m512i left, __m512i right)
{
    const __m512i nudge = _mm512_set1_epi64(INT64_C(1) << 30);
    const __m512i x = _mm512_sllv_epi32(acc, left);
    __m512i even = _mm512_mul_epi32(x, multiplier);
    __m512i odd = _mm512_mul_epi32(_mm512_srli_epi64(x, 32), _mm512_srli_epi64(multiplier, 32));
    even = _mm512_srli_epi64(_mm512_add_epi64(even, nudge), 31);
    odd = _mm512_slli_epi64(_mm512_add_epi64(odd, nudge), 1);
    const __m512i high = _mm512_mask_mov_epi32(even, 0xaaaa, odd);
    const __m512i one = _mm512_set1_epi32(1);
    const __m512i mask = _mm512_sub_epi32(_mm512_sllv_epi32(one, right), one);
    const __m512i half = _mm512_sub_epi32(_mm512_srai_epi32(mask, 1), _mm512_srai_epi32(high, 31));
    const __mmask16 up = _mm512_cmpgt_epi32_mask(_mm512_and_si512(high, mask), half);
    const __m512i down = _mm512_srav_epi32(high, right);
    return _mm512_mask_add_epi32(down, up, down, one);
}

/* As edgegen_requantize_scaled: the right shift of a layer that rounds so is -1. */
EDGEGEN_INLINE __m512i edgegen_avx512_requantize_scaled(__m512i acc, __m512i factor)
{
    const __m512 limit = _mm512_set1_ps(2097152.0f);
    const __m512 v = _mm512_mul_ps(_mm512_cvtepi32_ps(acc), _mm512_castsi512_ps(factor));
    return _mm512_cvtps_epi32(_mm512_max_ps(_mm512_min_ps(v, limit), _mm512_sub_ps(_mm512_setzero_ps(), limit)));
}

/* form is known when this is compiled. In fixed point the zero point is added last. */
EDGEGEN_INLINE __m512i edgegen_avx512_requantize(__m512i acc, edgegen_avx512_epilogue e, int32_t form,
                                                 int32_t zero_point)
{
    if (form == EDGEGEN_FIXED_POINT) {
        const __m512i fixed = _mm512_movepi32_mask(e.above) != 0
                                  ? edgegen_avx512_requantize_scaled(acc, e.scale)
                                  : edgegen_avx512_requantize_fixed(acc, e.scale, e.below, e.above);
        return _mm512_add_epi32(fixed, _mm512_set1_epi32(zero_point));
    }
    if (form == EDGEGEN_TWO_OFFSETS) {
        e.below = _mm512_mask_mov_epi32(e.above, _mm512_movepi32_mask(acc), e.below);
    }
    return edgegen_avx512_requantize_float(acc, e.scale, e.below);
}

#endif
