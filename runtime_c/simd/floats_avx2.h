/* Vectors of floats and how codes become them: AVX2, FMA and F16C. The same names as in floats_neon.h. */
#ifndef EDGEGEN_SIMD_FLOATS_H
#define EDGEGEN_SIMD_FLOATS_H

#include <immintrin.h>

#include "edgegen.h"

typedef __m256 edgegen_floats;
typedef __m256i edgegen_words;

/* Lanes of a vector, and rows of a register tile whose columns are four vectors. */
enum { EDGEGEN_FLOATS = 8, EDGEGEN_FLOATS_ROWS = 2 };

EDGEGEN_INLINE edgegen_floats edgegen_floats_load(const float *p) { return _mm256_loadu_ps(p); }
EDGEGEN_INLINE void edgegen_floats_store(float *p, edgegen_floats v) { _mm256_storeu_ps(p, v); }
EDGEGEN_INLINE edgegen_floats edgegen_floats_spread(float v) { return _mm256_set1_ps(v); }
EDGEGEN_INLINE edgegen_floats edgegen_floats_subtract(edgegen_floats a, edgegen_floats b) { return _mm256_sub_ps(a, b); }
EDGEGEN_INLINE edgegen_floats edgegen_floats_multiply(edgegen_floats a, edgegen_floats b) { return _mm256_mul_ps(a, b); }

/* sum + a * b */
EDGEGEN_INLINE edgegen_floats edgegen_floats_add_product(edgegen_floats sum, edgegen_floats a, edgegen_floats b)
{
    return _mm256_fmadd_ps(a, b, sum);
}

EDGEGEN_INLINE edgegen_floats edgegen_floats_clamp(edgegen_floats v, float low, float high)
{
    return _mm256_min_ps(_mm256_set1_ps(high), _mm256_max_ps(_mm256_set1_ps(low), v));
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
    const edgegen_words_2 both = { _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(p))),
                                   _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(p + EDGEGEN_FLOATS))) };
    return both;
}

EDGEGEN_INLINE edgegen_words_2 edgegen_words_of_s8(const uint8_t *p)
{
    const edgegen_words_2 both = { _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(p))),
                                   _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(p + EDGEGEN_FLOATS))) };
    return both;
}

EDGEGEN_INLINE edgegen_words_2 edgegen_words_of_u16(const uint16_t *p)
{
    const edgegen_words_2 both = { _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)(p))),
                                   _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)(p + EDGEGEN_FLOATS))) };
    return both;
}

/* Of each byte the lower half in the first vector, the upper half in the second. */
EDGEGEN_INLINE edgegen_words_2 edgegen_words_of_u4(const uint8_t *p)
{
    const __m256i all = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(p)));
    const edgegen_words_2 both = { _mm256_and_si256(all, _mm256_set1_epi32(15)), _mm256_srli_epi32(all, 4) };
    return both;
}

EDGEGEN_INLINE edgegen_words_2 edgegen_words_of_s4(const uint8_t *p)
{
    const __m256i all = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(p)));
    const edgegen_words_2 both = { _mm256_srai_epi32(_mm256_slli_epi32(all, 28), 28), _mm256_srai_epi32(all, 4) };
    return both;
}

#define EDGEGEN_WORDS_LEFT(v, n) _mm256_slli_epi32(v, n)

EDGEGEN_INLINE edgegen_words edgegen_words_and(edgegen_words v, uint32_t mask)
{
    return _mm256_and_si256(v, _mm256_set1_epi32((int32_t)mask));
}

EDGEGEN_INLINE edgegen_words edgegen_words_or(edgegen_words a, edgegen_words b) { return _mm256_or_si256(a, b); }

/* Their numbers, as s32. */
EDGEGEN_INLINE edgegen_floats edgegen_floats_of_words(edgegen_words v) { return _mm256_cvtepi32_ps(v); }

/* Their bits. */
EDGEGEN_INLINE edgegen_floats edgegen_floats_as_words(edgegen_words v) { return _mm256_castsi256_ps(v); }

EDGEGEN_INLINE edgegen_floats_2 edgegen_floats_of_halves(const uint16_t *p)
{
    const edgegen_floats_2 both = { _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(p))),
                                    _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(p + EDGEGEN_FLOATS))) };
    return both;
}

#endif
