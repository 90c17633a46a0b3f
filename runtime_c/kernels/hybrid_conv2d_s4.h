/* Convolution on images quantized at run time with weights of four bits, portable. */
#ifndef EDGEGEN_HYBRID_CONV2D_S4_H
#define EDGEGEN_HYBRID_CONV2D_S4_H

#include "kernels/hybrid_conv2d.h"
#include "kernels/nibbles.h"

/* As hybrid_conv2d, with weights[units,kh,kw,(depth+1)/2]. */
EDGEGEN_KERNEL void hybrid_conv2d_s4(const edgegen_hybrid_conv2d *p, const int8_t *x, const float *scale,
                                     const int32_t *zero, const uint8_t *weights, const float *factors, float *y)
{
    const int32_t pairs = (p->depth + 1) / 2;
    EDGEGEN_EACH_OUTPUT(p->units) {
        const int32_t first = EDGEGEN_FIRST_CHANNEL(p, o);
        int32_t acc = 0;
        EDGEGEN_EACH_TAP {
            const int8_t *in = x + EDGEGEN_TAP(first);
            const uint8_t *w = weights + ((o * p->kernel_h + ky) * p->kernel_w + kx) * pairs;
            for (int32_t c = 0; c < p->depth; c++) {
                acc += (in[c * p->in_stride[3]] - zero[n]) * edgegen_nibble(w, c);
            }
        }
        y[EDGEGEN_OUTPUT(o)] = edgegen_hybrid_result(&p->output, acc, scale[n], factors + 2 * o);
    }
}

#endif
