/* Convolution on images quantized at run time with weights of four bits, portable. */
#ifndef EDGEGEN_HYBRID_CONV2D_S4_H
#define EDGEGEN_HYBRID_CONV2D_S4_H

#include "kernels/conv2d_s4.h"
#include "kernels/hybrid_conv2d.h"

EDGEGEN_CONV2D_S4_SUM(edgegen_hybrid_conv2d_s4_sum, edgegen_hybrid_conv2d)

/* As hybrid_conv2d, with weights[units,kh,kw,(depth+1)/2]. */
EDGEGEN_KERNEL void hybrid_conv2d_s4(const edgegen_hybrid_conv2d *p, const int8_t *x, const float *scale,
                                     const int32_t *zero, const uint8_t *weights, const float *factors, float *y)
{
    for (int32_t n = 0; n < p->batch; n++)
    for (int32_t oy = 0; oy < p->out_h; oy++)
    for (int32_t ox = 0; ox < p->out_w; ox++)
    for (int32_t o = 0; o < p->units; o++) {
        const int8_t *image = x + n * p->in_stride[0];
        const int32_t acc = edgegen_hybrid_conv2d_s4_sum(p, image, zero[n], weights, oy, ox, o);
        y[n * p->out_stride[0] + oy * p->out_stride[1] + ox * p->out_stride[2] + o * p->out_stride[3]] =
            edgegen_hybrid_result(&p->output, acc, scale[n], factors + 2 * o);
    }
}

#endif
