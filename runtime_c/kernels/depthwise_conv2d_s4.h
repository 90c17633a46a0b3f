/* Depthwise convolution on s8 with weights of four bits, portable: any strides, dilation, padding, multiplier, order. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_S4_H
#define EDGEGEN_DEPTHWISE_CONV2D_S4_H

#include "kernels/depthwise_conv2d.h"
#include "kernels/nibbles.h"

typedef struct {
    EDGEGEN_DEPTHWISE_CONV2D_GEOMETRY;
    int32_t x_zero, zero_point, low, high;
} edgegen_depthwise_conv2d_s4;

/* x[n,h,w,c] * weights[kh,kw,(channels+1)/2] + epilogue -> y; epilogue[channels][3]: bias, multiplier, shift. */
EDGEGEN_KERNEL void depthwise_conv2d_s4(const edgegen_depthwise_conv2d_s4 *p, const int8_t *x, const uint8_t *weights,
                                        const int32_t *epilogue, int8_t *y)
{
    const int32_t pairs = (p->channels + 1) / 2;
    EDGEGEN_EACH_OUTPUT(p->channels) {
        int32_t acc = epilogue[3 * o];
        EDGEGEN_EACH_TAP {
            const int32_t in = x[EDGEGEN_TAP(o / p->multiplier)];
            acc += (in - p->x_zero) * edgegen_nibble(weights + (ky * p->kernel_w + kx) * pairs, o);
        }
        acc = edgegen_requantize(acc, epilogue[3 * o + 1], epilogue[3 * o + 2]) + p->zero_point;
        y[EDGEGEN_OUTPUT(o)] = (int8_t)edgegen_clamp_s32(acc, p->low, p->high);
    }
}

#endif
