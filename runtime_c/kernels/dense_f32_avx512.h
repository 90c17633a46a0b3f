/* Dense layer on f32 with AVX-512: a convolution whose window is a row of x. */
#ifndef EDGEGEN_DENSE_F32_AVX512_H
#define EDGEGEN_DENSE_F32_AVX512_H

#include "kernels/conv2d_f32_avx512.h"

EDGEGEN_KERNEL void dense_f32_avx512(const edgegen_windows *p, const float *x, const float *weights,
                                     const float *bias, const int32_t *runs, float *y)
{
    conv2d_f32_avx512(p, x, weights, bias, runs, NULL, y);
}

#endif
