/* Dense layer on rows quantized at run time with weights of four bits, portable. */
#ifndef EDGEGEN_HYBRID_DENSE_S4_H
#define EDGEGEN_HYBRID_DENSE_S4_H

#include "kernels/hybrid_dense.h"
#include "kernels/nibbles.h"

/* As hybrid_dense, with weights[units,(depth+1)/2]. */
EDGEGEN_KERNEL void hybrid_dense_s4(const edgegen_hybrid_dense *p, const int8_t *x, const float *scale,
                                    const int32_t *zero, const uint8_t *weights, const float *factors,
                                    const int32_t *sums, float *y)
{
    for (int32_t r = 0; r < p->rows; r++) {
        const uint8_t *w = weights;
        for (int32_t o = 0; o < p->units; o++) {
            const int32_t acc = edgegen_dot_nibbles(x, w, p->depth) - zero[r] * sums[o];
            y[o] = edgegen_hybrid_result(&p->output, acc, scale[r], factors + 2 * o);
            w += (p->depth + 1) / 2;
        }
        x += p->depth;
        y += p->units;
    }
}

#endif
