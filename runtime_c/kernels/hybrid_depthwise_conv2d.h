/* Depthwise convolution on images quantized at run time, portable: any strides, dilation, padding, multiplier, order. */
#ifndef EDGEGEN_HYBRID_DEPTHWISE_CONV2D_H
#define EDGEGEN_HYBRID_DEPTHWISE_CONV2D_H

#include "kernels/depthwise_conv2d.h"
#include "kernels/hybrid.h"

typedef struct {
    EDGEGEN_DEPTHWISE_CONV2D_GEOMETRY;
    edgegen_hybrid_output output;
} edgegen_hybrid_depthwise_conv2d;

/* scale[n] * (x[n,h,w,c] - zero[n]) * weights[kh,kw,channels] -> y; factors[channels][2]: scale and bias */
EDGEGEN_KERNEL void hybrid_depthwise_conv2d(const edgegen_hybrid_depthwise_conv2d *p, const int8_t *x,
                                            const float *scale, const int32_t *zero, const int8_t *weights,
                                            const float *factors, float *y)
{
    for (int32_t n = 0; n < p->batch; n++)
    for (int32_t oy = 0; oy < p->out_h; oy++)
    for (int32_t ox = 0; ox < p->out_w; ox++)
    for (int32_t o = 0; o < p->channels; o++) {
        int32_t acc = 0;
        for (int32_t ky = 0; ky < p->kernel_h; ky++) {
            const int32_t iy = oy * p->stride_h + ky * p->dilation_h - p->pad_top;
            if (iy < 0 || iy >= p->in_h) {
                continue;
            }
            for (int32_t kx = 0; kx < p->kernel_w; kx++) {
                const int32_t ix = ox * p->stride_w + kx * p->dilation_w - p->pad_left;
                if (ix < 0 || ix >= p->in_w) {
                    continue;
                }
                acc += (x[n * p->in_stride[0] + iy * p->in_stride[1] + ix * p->in_stride[2] +
                          o / p->multiplier * p->in_stride[3]] -
                        zero[n]) *
                       weights[(ky * p->kernel_w + kx) * p->channels + o];
            }
        }
        y[n * p->out_stride[0] + oy * p->out_stride[1] + ox * p->out_stride[2] + o * p->out_stride[3]] =
            edgegen_hybrid_result(&p->output, acc, scale[n], factors + 2 * o);
    }
}

#endif
