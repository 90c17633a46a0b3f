/* Convolution on s8 with weights of four bits, portable: any strides, dilation, padding, groups and layout order. */
#ifndef EDGEGEN_CONV2D_S4_H
#define EDGEGEN_CONV2D_S4_H

#include "kernels/conv2d.h"
#include "kernels/nibbles.h"

typedef struct {
    EDGEGEN_CONV2D_GEOMETRY;
    int32_t x_zero, zero_point, low, high;
} edgegen_conv2d_s4;

/* x[n,h,w,c] * weights[units,kh,kw,(depth+1)/2] + epilogue -> y; epilogue[units][3]: bias, multiplier, shift. */
EDGEGEN_KERNEL void conv2d_s4(const edgegen_conv2d_s4 *p, const int8_t *x, const uint8_t *weights,
                              const int32_t *epilogue, int8_t *y)
{
    const int32_t pairs = (p->depth + 1) / 2;
    EDGEGEN_EACH_OUTPUT(p->units) {
        const int32_t first = EDGEGEN_FIRST_CHANNEL(p, o);
        int32_t acc = epilogue[3 * o];
        EDGEGEN_EACH_TAP {
            const int8_t *in = x + EDGEGEN_TAP(first);
            const uint8_t *w = weights + ((o * p->kernel_h + ky) * p->kernel_w + kx) * pairs;
            for (int32_t c = 0; c < p->depth; c++) {
                acc += (in[c * p->in_stride[3]] - p->x_zero) * edgegen_nibble(w, c);
            }
        }
        acc = edgegen_requantize(acc, epilogue[3 * o + 1], epilogue[3 * o + 2]) + p->zero_point;
        y[EDGEGEN_OUTPUT(o)] = (int8_t)edgegen_clamp_s32(acc, p->low, p->high);
    }
}

#endif
