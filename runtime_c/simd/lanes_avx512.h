/* How floats_x86.h names vectors and intrinsics of AVX-512. */
#ifndef EDGEGEN_SIMD_LANES_H
#define EDGEGEN_SIMD_LANES_H

#include <immintrin.h>

typedef __m512 edgegen_floats;
typedef __m512i edgegen_words;

/* Lanes of a vector, and rows of a register tile whose columns are four vectors. */
enum { EDGEGEN_FLOATS = 16, EDGEGEN_FLOATS_ROWS = 4 };

#define EDGEGEN_X86(name) _mm512_##name
#define EDGEGEN_X86_INTEGER(name) _mm512_##name##_si512
#define EDGEGEN_X86_AS_FLOATS _mm512_castsi512_ps

/* As many elements as a vector has lanes, of 2 bytes and of 1. */
#define EDGEGEN_X86_HALF(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define EDGEGEN_X86_QUARTER(p) _mm_loadu_si128((const __m128i *)(const void *)(p))

/* Two vectors of numbers that are s8, as bytes. */
#define EDGEGEN_X86_STORE_8(p, a, b)                                                                                   \
    _mm_storeu_si128((__m128i *)(p), _mm512_cvtepi32_epi8(a));                                                         \
    _mm_storeu_si128((__m128i *)(p) + 1, _mm512_cvtepi32_epi8(b))

#endif
