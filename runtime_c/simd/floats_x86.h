/* Vectors of floats and how codes become them: AVX2 and AVX-512, whichever of lanes_avx2.h and lanes_avx512.h stands
 * before. The same names as in floats_neon.h. */
#ifndef EDGEGEN_SIMD_FLOATS_X86_H
#define EDGEGEN_SIMD_FLOATS_X86_H

#include "edgegen.h"

EDGEGEN_INLINE edgegen_floats edgegen_floats_load(const float *p) { return EDGEGEN_X86(loadu_ps)(p); }
EDGEGEN_INLINE void edgegen_floats_store(float *p, edgegen_floats v) { EDGEGEN_X86(storeu_ps)(p, v); }
EDGEGEN_INLINE edgegen_floats edgegen_floats_spread(float v) { return EDGEGEN_X86(set1_ps)(v); }
EDGEGEN_INLINE edgegen_floats edgegen_floats_subtract(edgegen_floats a, edgegen_floats b) { return EDGEGEN_X86(sub_ps)(a, b); }
EDGEGEN_INLINE edgegen_floats edgegen_floats_multiply(edgegen_floats a, edgegen_floats b) { return EDGEGEN_X86(mul_ps)(a, b); }

EDGEGEN_INLINE edgegen_floats edgegen_floats_add(edgegen_floats a, edgegen_floats b) { return EDGEGEN_X86(add_ps)(a, b); }
EDGEGEN_INLINE edgegen_floats edgegen_floats_divide(edgegen_floats a, edgegen_floats b) { return EDGEGEN_X86(div_ps)(a, b); }

/* sum + a * b */
EDGEGEN_INLINE edgegen_floats edgegen_floats_add_product(edgegen_floats sum, edgegen_floats a, edgegen_floats b)
{
    return EDGEGEN_X86(fmadd_ps)(a, b, sum);
}

EDGEGEN_INLINE edgegen_floats edgegen_floats_clamp(edgegen_floats v, float low, float high)
{
    return EDGEGEN_X86(min_ps)(EDGEGEN_X86(set1_ps)(high), EDGEGEN_X86(max_ps)(EDGEGEN_X86(set1_ps)(low), v));
}

/* Two vectors of neighbouring codes. */
typedef struct {
    edgegen_words first, second;
} edgegen_words_2;

typedef struct {
    edgegen_floats first, second;
} edgegen_floats_2;

EDGEGEN_INLINE edgegen_words_2 edgegen_words_of_u8(const uint8_t *p)
{
    const edgegen_words_2 both = { EDGEGEN_X86(cvtepu8_epi32)(EDGEGEN_X86_QUARTER(p)),
                                   EDGEGEN_X86(cvtepu8_epi32)(EDGEGEN_X86_QUARTER(p + EDGEGEN_FLOATS)) };
    return both;
}

EDGEGEN_INLINE edgegen_words_2 edgegen_words_of_s8(const uint8_t *p)
{
    const edgegen_words_2 both = { EDGEGEN_X86(cvtepi8_epi32)(EDGEGEN_X86_QUARTER(p)),
                                   EDGEGEN_X86(cvtepi8_epi32)(EDGEGEN_X86_QUARTER(p + EDGEGEN_FLOATS)) };
    return both;
}

EDGEGEN_INLINE edgegen_words_2 edgegen_words_of_u16(const uint16_t *p)
{
    const edgegen_words_2 both = { EDGEGEN_X86(cvtepu16_epi32)(EDGEGEN_X86_HALF(p)),
                                   EDGEGEN_X86(cvtepu16_epi32)(EDGEGEN_X86_HALF(p + EDGEGEN_FLOATS)) };
    return both;
}

/* Of each byte the lower half in the first vector, the upper half in the second. */
EDGEGEN_INLINE edgegen_words_2 edgegen_words_of_u4(const uint8_t *p)
{
    const edgegen_words all = EDGEGEN_X86(cvtepu8_epi32)(EDGEGEN_X86_QUARTER(p));
    const edgegen_words_2 both = { EDGEGEN_X86_INTEGER(and)(all, EDGEGEN_X86(set1_epi32)(15)), EDGEGEN_X86(srli_epi32)(all, 4) };
    return both;
}

EDGEGEN_INLINE edgegen_words_2 edgegen_words_of_s4(const uint8_t *p)
{
    const edgegen_words all = EDGEGEN_X86(cvtepi8_epi32)(EDGEGEN_X86_QUARTER(p));
    const edgegen_words_2 both = { EDGEGEN_X86(srai_epi32)(EDGEGEN_X86(slli_epi32)(all, 28), 28), EDGEGEN_X86(srai_epi32)(all, 4) };
    return both;
}

#define EDGEGEN_WORDS_LEFT(v, n) EDGEGEN_X86(slli_epi32)(v, n)

EDGEGEN_INLINE edgegen_words edgegen_words_and(edgegen_words v, uint32_t mask)
{
    return EDGEGEN_X86_INTEGER(and)(v, EDGEGEN_X86(set1_epi32)((int32_t)mask));
}

/* Rounded to whole numbers, ties to even. */
EDGEGEN_INLINE edgegen_words edgegen_words_nearest(edgegen_floats v) { return EDGEGEN_X86(cvtps_epi32)(v); }

EDGEGEN_INLINE edgegen_words edgegen_words_add(edgegen_words v, int32_t to)
{
    return EDGEGEN_X86(add_epi32)(v, EDGEGEN_X86(set1_epi32)(to));
}

/* The lowest bytes of two vectors, which are s8. */
EDGEGEN_INLINE void edgegen_words_store_8(void *p, edgegen_words_2 v) { EDGEGEN_X86_STORE_8(p, v.first, v.second); }

EDGEGEN_INLINE edgegen_words edgegen_words_or(edgegen_words a, edgegen_words b) { return EDGEGEN_X86_INTEGER(or)(a, b); }

/* Their numbers, as s32. */
EDGEGEN_INLINE edgegen_floats edgegen_floats_of_words(edgegen_words v) { return EDGEGEN_X86(cvtepi32_ps)(v); }

/* Their bits. */
EDGEGEN_INLINE edgegen_floats edgegen_floats_as_words(edgegen_words v) { return EDGEGEN_X86_AS_FLOATS(v); }

EDGEGEN_INLINE edgegen_floats_2 edgegen_floats_of_halves(const uint16_t *p)
{
    const edgegen_floats_2 both = { EDGEGEN_X86(cvtph_ps)(EDGEGEN_X86_HALF(p)),
                                    EDGEGEN_X86(cvtph_ps)(EDGEGEN_X86_HALF(p + EDGEGEN_FLOATS)) };
    return both;
}

#endif
