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
    EDGEGEN_EACH_OUTPUT(p->units) {
        const int32_t first = EDGEGEN_FIRST_CHANNEL(p, o);
        int32_t acc = 0;
        EDGEGEN_EACH_TAP {
            const int8_t *in = x + EDGEGEN_TAP(first);
            const int8_t *w = weights + ((o * p->kernel_h + ky) * p->kernel_w + kx) * p->depth;
            for (int32_t c = 0; c < p->depth; c++) {
                acc += (in[c * p->in_stride[3]] - zero[n]) * w[c];
            }
        }
        y[EDGEGEN_OUTPUT(o)] = edgegen_hybrid_result(&p->output, acc, scale[n], factors + 2 * o);
    }
}

#endif
