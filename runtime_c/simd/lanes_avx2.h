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

#endif
