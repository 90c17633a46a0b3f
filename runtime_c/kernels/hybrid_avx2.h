/* Layers on rows or images quantized at run time with AVX2. */
#ifndef EDGEGEN_HYBRID_AVX2_H
#define EDGEGEN_HYBRID_AVX2_H

#include "kernels/hybrid_windows.h"
#include "simd/avx2.h"

/* 16 bytes as s16. */
EDGEGEN_INLINE __m256i edgegen_hybrid_avx2_wide(const int8_t *p)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)p));
}

EDGEGEN_INLINE void edgegen_hybrid_dots_avx2(const int8_t *window, const int8_t *weights, int32_t padded,
                                             int32_t sums[4])
{
    __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
    for (int32_t k = 0; k < padded; k += 16) {
        const __m256i x = edgegen_hybrid_avx2_wide(window + k);
        a = edgegen_avx2_dot(a, x, edgegen_hybrid_avx2_wide(weights + k));
        b = edgegen_avx2_dot(b, x, edgegen_hybrid_avx2_wide(weights + padded + k));
        c = edgegen_avx2_dot(c, x, edgegen_hybrid_avx2_wide(weights + 2 * padded + k));
        d = edgegen_avx2_dot(d, x, edgegen_hybrid_avx2_wide(weights + 3 * padded + k));
    }
    const __m256i all = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
    const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
    _mm_storeu_si128((__m128i *)(void *)sums, four);
}

EDGEGEN_HYBRID_WINDOWS(hybrid_windows_avx2, edgegen_hybrid_dots_avx2)

#endif
