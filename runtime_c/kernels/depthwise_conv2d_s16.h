/* Depthwise convolution on s16 with s8 weights, portable: any strides, dilation, multiplier and layout order. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_S16_H
#define EDGEGEN_DEPTHWISE_CONV2D_S16_H

#include "kernels/depthwise_conv2d.h"
#include "kernels/sum_s16.h"

typedef struct {
    EDGEGEN_DEPTHWISE_CONV2D_GEOMETRY;
    edgegen_output_s16 output;
} edgegen_depthwise_conv2d_s16;

/* x[n,h,w,c] * weights[kh,kw,channels] + bias[channels] -> y; scale[channels][2]: multiplier, shift. */
EDGEGEN_KERNEL void depthwise_conv2d_s16(const edgegen_depthwise_conv2d_s16 *p, const int16_t *x, const int8_t *weights,
                                         const int64_t *bias, const int32_t *scale, int16_t *y)
{
    EDGEGEN_EACH_OUTPUT(p->channels) {
        int64_t acc = bias[o];
        EDGEGEN_EACH_TAP {
            acc += x[EDGEGEN_TAP(o / p->multiplier)] * weights[(ky * p->kernel_w + kx) * p->channels + o];
        }
        y[EDGEGEN_OUTPUT(o)] = edgegen_finish_s16(&p->output, acc, scale + 2 * o);
    }
}

#endif
