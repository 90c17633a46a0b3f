/* Vectors of one float, and how codes become them, in plain C. The same names as in floats_neon.h. */
#ifndef EDGEGEN_SIMD_FLOATS_H
#define EDGEGEN_SIMD_FLOATS_H

#include "kernels/small_float.h"

typedef float edgegen_floats;
typedef uint32_t edgegen_words;

/* Lanes of a vector, and rows of a register tile whose columns are four vectors. */
#if defined(EDGEGEN_OPTIMIZE_SIZE)
enum { EDGEGEN_FLOATS = 1, EDGEGEN_FLOATS_ROWS = 1 };
#else
enum { EDGEGEN_FLOATS = 1, EDGEGEN_FLOATS_ROWS = 2 };
#endif

EDGEGEN_INLINE edgegen_floats edgegen_floats_load(const float *p) { return *p; }
EDGEGEN_INLINE void edgegen_floats_store(float *p, edgegen_floats v) { *p = v; }
EDGEGEN_INLINE edgegen_floats edgegen_floats_spread(float v) { return v; }
EDGEGEN_INLINE edgegen_floats edgegen_floats_subtract(edgegen_floats a, edgegen_floats b) { return a - b; }
EDGEGEN_INLINE edgegen_floats edgegen_floats_multiply(edgegen_floats a, edgegen_floats b) { return a * b; }

/* sum + a * b */
EDGEGEN_INLINE edgegen_floats edgegen_floats_add_product(edgegen_floats sum, edgegen_floats a, edgegen_floats b)
{
    return sum + a * b;
}

EDGEGEN_INLINE edgegen_floats edgegen_floats_clamp(edgegen_floats v, float low, float high)
{
    return edgegen_clamp_f32(v, low, high);
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
    const edgegen_words_2 both = { p[0], p[1] };
    return both;
}

EDGEGEN_INLINE edgegen_words_2 edgegen_words_of_s8(const uint8_t *p)
{
    const edgegen_words_2 both = { (uint32_t)(int8_t)p[0], (uint32_t)(int8_t)p[1] };
    return both;
}

EDGEGEN_INLINE edgegen_words_2 edgegen_words_of_u16(const uint16_t *p)
{
    const edgegen_words_2 both = { p[0], p[1] };
    return both;
}

/* The lower half of a byte in the first vector, the upper half in the second. */
EDGEGEN_INLINE edgegen_words_2 edgegen_words_of_u4(const uint8_t *p)
{
    const edgegen_words_2 both = { *p & 15u, *p >> 4 };
    return both;
}

EDGEGEN_INLINE edgegen_words_2 edgegen_words_of_s4(const uint8_t *p)
{
    const edgegen_words_2 both = { (uint32_t)(((*p & 15) ^ 8) - 8), (uint32_t)(((*p >> 4) ^ 8) - 8) };
    return both;
}

#define EDGEGEN_WORDS_LEFT(v, n) ((v) << (n))

EDGEGEN_INLINE edgegen_words edgegen_words_and(edgegen_words v, uint32_t mask) { return v & mask; }
EDGEGEN_INLINE edgegen_words edgegen_words_or(edgegen_words a, edgegen_words b) { return a | b; }

/* Their numbers, as s32. */
EDGEGEN_INLINE edgegen_floats edgegen_floats_of_words(edgegen_words v) { return (float)(int32_t)v; }

/* Their bits. */
EDGEGEN_INLINE edgegen_floats edgegen_floats_as_words(edgegen_words v) { return edgegen_f32_of_bits(v); }

EDGEGEN_INLINE edgegen_floats_2 edgegen_floats_of_halves(const uint16_t *p)
{
    const edgegen_floats_2 both = { edgegen_from_half(p[0]), edgegen_from_half(p[1]) };
    return both;
}

#endif
