/* Dense layer on f32 with AVX2 and FMA: a convolution whose window is a row of x. */
#ifndef EDGEGEN_DENSE_F32_AVX2_H
#define EDGEGEN_DENSE_F32_AVX2_H

#include "kernels/conv2d_f32_avx2.h"

EDGEGEN_KERNEL void dense_f32_avx2(const edgegen_windows *p, const float *x, const float *weights, const float *bias,
                                   const int32_t *runs, float *y)
{
    conv2d_f32_avx2(p, x, weights, bias, runs, NULL, y);
}

#endif
