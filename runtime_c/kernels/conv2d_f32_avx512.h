/* Convolution on f32 with AVX-512. */
#ifndef EDGEGEN_CONV2D_F32_AVX512_H
#define EDGEGEN_CONV2D_F32_AVX512_H

#include "kernels/pairs_avx512.h"

/* Windows of x times filters -> y; weights: see tiles_avx512.h; runs: see edgegen_filters. */
EDGEGEN_KERNEL void conv2d_f32_avx512(const edgegen_windows *p, const float *x, const float *weights,
                                      const float *bias, const int32_t *runs, uint8_t *scratch, float *y)
{
    const edgegen_filters filters = { (const uint8_t *)weights, (const uint8_t *)bias, runs, NULL };
    const edgegen_window_sizes size = { 4, 4, 4, 16, 64, 64 };
    edgegen_walk_windows(p, size, &filters, x, edgegen_copy_f32, scratch, y);
}

/* The same for windows that can be read in place. */
EDGEGEN_KERNEL void conv2d_f32_avx512_direct(const edgegen_windows *p, const float *x, const float *weights,
                                             const float *bias, const int32_t *runs, float *y)
{
    conv2d_f32_avx512(p, x, weights, bias, runs, NULL, y);
}

#endif
