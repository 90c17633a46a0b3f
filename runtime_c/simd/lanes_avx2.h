/* How floats_x86.h names vectors and intrinsics of AVX2, FMA and F16C. */
#ifndef EDGEGEN_SIMD_LANES_H
#define EDGEGEN_SIMD_LANES_H

#include <immintrin.h>

typedef __m256 edgegen_floats;
typedef __m256i edgegen_words;

/* Lanes of a vector, and rows of a register tile whose columns are four vectors. */
enum { EDGEGEN_FLOATS = 8, EDGEGEN_FLOATS_ROWS = 2 };

#define EDGEGEN_X86(name) _mm256_##name
#define EDGEGEN_X86_INTEGER(name) _mm256_##name##_si256
#define EDGEGEN_X86_AS_FLOATS _mm256_castsi256_ps

/* As many elements as a vector has lanes, of 2 bytes and of 1. */
#define EDGEGEN_X86_HALF(p) _mm_loadu_si128((const __m128i *)(const void *)(p))
#define EDGEGEN_X86_QUARTER(p) _mm_loadl_epi64((const __m128i *)(const void *)(p))

/* Two vectors of numbers that are s8, as bytes. Of the bytes that the packs give, words 0, 4, 1 and 5 are in order. */
#define EDGEGEN_X86_STORE_8(p, a, b)                                                                                   \
    const __m256i halves = _mm256_packs_epi32(a, b);                                                                   \
    const __m256i bytes =                                                                                              \
        _mm256_permutevar8x32_epi32(_mm256_packs_epi16(halves, halves), _mm256_setr_epi32(0, 4, 1, 5, 0, 4, 1, 5));    \
    _mm_storeu_si128((__m128i *)(p), _mm256_castsi256_si128(bytes))

#endif
