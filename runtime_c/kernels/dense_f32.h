/* Dense layer on f32, portable. */
#ifndef EDGEGEN_DENSE_F32_H
#define EDGEGEN_DENSE_F32_H

#include "kernels/dense.h"

/* x[rows,depth] * weights[units,depth] + bias[units] -> y[rows,units] */
EDGEGEN_KERNEL void dense_f32(const edgegen_dense_f32 *p, const float *x, const float *weights, const float *bias,
                              float *y)
{
    for (int32_t r = 0; r < p->rows; r++) {
        const float *w = weights;
        for (int32_t o = 0; o < p->units; o++) {
            float acc = 0.0f;
            for (int32_t k = 0; k < p->depth; k++) {
                acc += x[k] * w[k];
            }
            y[o] = edgegen_clamp_f32(acc + bias[o], p->low, p->high);
            w += p->depth;
        }
        x += p->depth;
        y += p->step;
    }
}

#endif
