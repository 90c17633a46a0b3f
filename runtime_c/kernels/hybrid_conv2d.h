/* Convolution on images quantized at run time, portable: any strides, dilation, padding, groups and layout order. */
#ifndef EDGEGEN_HYBRID_CONV2D_H
#define EDGEGEN_HYBRID_CONV2D_H

#include "kernels/conv2d.h"
#include "kernels/hybrid.h"

typedef struct {
    EDGEGEN_CONV2D_GEOMETRY;
    edgegen_hybrid_output output;
} edgegen_hybrid_conv2d;

/* scale[n] * (x[n,h,w,c] - zero[n]) * weights[units,kh,kw,depth] -> y; factors[units][2]: scale and bias */
EDGEGEN_KERNEL void hybrid_conv2d(const edgegen_hybrid_conv2d *p, const int8_t *x, const float *scale,
                                  const int32_t *zero, const int8_t *weights, const float *factors, float *y)
{
    for (int32_t n = 0; n < p->batch; n++)
    for (int32_t oy = 0; oy < p->out_h; oy++)
    for (int32_t ox = 0; ox < p->out_w; ox++)
    for (int32_t o = 0; o < p->units; o++) {
        const int32_t first = o / p->group_units * p->depth; /* channel of x */
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
                const int8_t *in = x + n * p->in_stride[0] + iy * p->in_stride[1] + ix * p->in_stride[2] +
                                   first * p->in_stride[3];
                const int8_t *w = weights + ((o * p->kernel_h + ky) * p->kernel_w + kx) * p->depth;
                for (int32_t c = 0; c < p->depth; c++) {
                    acc += (in[c * p->in_stride[3]] - zero[n]) * w[c];
                }
            }
        }
        y[n * p->out_stride[0] + oy * p->out_stride[1] + ox * p->out_stride[2] + o * p->out_stride[3]] =
            edgegen_hybrid_result(&p->output, acc, scale[n], factors + 2 * o);
    }
}

#endif
