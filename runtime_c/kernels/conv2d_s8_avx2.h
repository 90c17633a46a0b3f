/* Convolution on s8 with AVX2: activations less their zero point, and weights, as s16. */
#ifndef EDGEGEN_CONV2D_S8_AVX2_H
#define EDGEGEN_CONV2D_S8_AVX2_H

#include "kernels/tiles_avx2.h"

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_avx2_copy_widened(uint8_t *band, const uint8_t *x, ptrdiff_t n,
                                                                      int32_t x_zero)
{
    const __m256i zero = _mm256_set1_epi16((int16_t)x_zero);
    ptrdiff_t i = 0;
    for (; i + 16 <= n; i += 16) {
        const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(x + i));
        _mm256_storeu_si256((__m256i *)(void *)(band + 2 * i), _mm256_sub_epi16(_mm256_cvtepi8_epi16(v), zero));
    }
    if (i < n) {
        uint8_t all[32];
        const __m128i v = edgegen_avx2_load_first(x + i, n - i);
        _mm256_storeu_si256((__m256i *)(void *)all, _mm256_sub_epi16(_mm256_cvtepi8_epi16(v), zero));
        memcpy(band + 2 * i, all, (size_t)(2 * (n - i)));
    }
}

/* Windows of x times filters -> y; weights: see tiles_avx2.h; per vector an epilogue (see simd/avx2.h), per block its
 * form; runs: see edgegen_filters. */
EDGEGEN_KERNEL void conv2d_s8_avx2(const edgegen_windows *p, const int8_t *x, const int16_t *weights,
                                   const int32_t *epilogue, const int32_t *forms, const int32_t *runs,
                                   uint8_t *scratch, int8_t *y)
{
    const edgegen_filters filters = { (const uint8_t *)weights, (const uint8_t *)epilogue, runs, forms };
    const edgegen_window_sizes size = { 1, 2, 1, 8, 32, EDGEGEN_AVX2_EPILOGUE * 4 };
    edgegen_walk_windows(p, size, &filters, x, edgegen_avx2_copy_widened, scratch, y);
}

/* The sums as they are; bias: of every lane of every vector. */
EDGEGEN_KERNEL void conv2d_s8_s32_avx2(const edgegen_windows *p, const int8_t *x, const int16_t *weights,
                                       const int32_t *bias, const int32_t *runs, uint8_t *scratch, int32_t *y)
{
    const edgegen_filters filters = { (const uint8_t *)weights, (const uint8_t *)bias, runs, NULL };
    const edgegen_window_sizes size = { 1, 2, 4, 8, 32, 32 };
    edgegen_walk_windows(p, size, &filters, x, edgegen_avx2_copy_widened, scratch, y);
}

#endif
