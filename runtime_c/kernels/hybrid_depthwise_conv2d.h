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
    EDGEGEN_EACH_OUTPUT(p->channels) {
        int32_t acc = 0;
        EDGEGEN_EACH_TAP {
            acc += (x[EDGEGEN_TAP(o / p->multiplier)] - zero[n]) * weights[(ky * p->kernel_w + kx) * p->channels + o];
        }
        y[EDGEGEN_OUTPUT(o)] = edgegen_hybrid_result(&p->output, acc, scale[n], factors + 2 * o);
    }
}

#endif
