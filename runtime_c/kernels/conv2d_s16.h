/* Convolution on s16 with s8 weights, portable: any strides, dilation, padding, groups and layout order. */
#ifndef EDGEGEN_CONV2D_S16_H
#define EDGEGEN_CONV2D_S16_H

#include "kernels/conv2d.h"
#include "kernels/sum_s16.h"

typedef struct {
    EDGEGEN_CONV2D_GEOMETRY;
    edgegen_output_s16 output;
} edgegen_conv2d_s16;

/* x[n,h,w,c] * weights[units,kh,kw,depth] + bias[units] -> y; scale[units][2]: multiplier, shift. */
EDGEGEN_KERNEL void conv2d_s16(const edgegen_conv2d_s16 *p, const int16_t *x, const int8_t *weights,
                               const int64_t *bias, const int32_t *scale, int16_t *y)
{
    EDGEGEN_EACH_OUTPUT(p->units) {
        const int32_t first = EDGEGEN_FIRST_CHANNEL(p, o);
        int64_t acc = bias[o];
        EDGEGEN_EACH_TAP {
            const int16_t *in = x + EDGEGEN_TAP(first);
            const int8_t *w = weights + ((o * p->kernel_h + ky) * p->kernel_w + kx) * p->depth;
            for (int32_t c = 0; c < p->depth; c++) {
                acc += in[c * p->in_stride[3]] * w[c];
            }
        }
        y[EDGEGEN_OUTPUT(o)] = edgegen_finish_s16(&p->output, acc, scale + 2 * o);
    }
}

#endif
