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
    for (int32_t n = 0; n < p->batch; n++)
    for (int32_t oy = 0; oy < p->out_h; oy++)
    for (int32_t ox = 0; ox < p->out_w; ox++)
    for (int32_t o = 0; o < p->units; o++) {
        const int32_t first = o / p->group_units * p->depth; /* channel of x */
        int64_t acc = bias[o];
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
                const int16_t *in = x + n * p->in_stride[0] + iy * p->in_stride[1] + ix * p->in_stride[2] +
                                    first * p->in_stride[3];
                const int8_t *w = weights + ((o * p->kernel_h + ky) * p->kernel_w + kx) * p->depth;
                for (int32_t c = 0; c < p->depth; c++) {
                    acc += in[c * p->in_stride[3]] * w[c];
                }
            }
        }
        y[n * p->out_stride[0] + oy * p->out_stride[1] + ox * p->out_stride[2] + o * p->out_stride[3]] =
            edgegen_finish_s16(&p->output, acc, scale + 2 * o);
    }
}

#endif
