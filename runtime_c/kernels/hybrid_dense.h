/* Dense layer on rows quantized at run time, portable. */
#ifndef EDGEGEN_HYBRID_DENSE_H
#define EDGEGEN_HYBRID_DENSE_H

#include "kernels/hybrid.h"

typedef struct {
    int32_t rows, depth, units;
    edgegen_hybrid_output output;
} edgegen_hybrid_dense;

/* scale[r] * (x[rows,depth] - zero[r]) times weights[units,depth] -> y[rows,units]; factors[units][2]: scale and bias,
 * sums[units]: of the weights. */
EDGEGEN_KERNEL void hybrid_dense(const edgegen_hybrid_dense *p, const int8_t *x, const float *scale,
                                 const int32_t *zero, const int8_t *weights, const float *factors,
                                 const int32_t *sums, float *y)
{
    for (int32_t r = 0; r < p->rows; r++) {
        const int8_t *w = weights;
        for (int32_t o = 0; o < p->units; o++) {
            int32_t acc = 0;
            for (int32_t k = 0; k < p->depth; k++) {
                acc += x[k] * w[k];
            }
            y[o] = edgegen_hybrid_result(&p->output, acc - zero[r] * sums[o], scale[r], factors + 2 * o);
            w += p->depth;
        }
        x += p->depth;
        y += p->units;
    }
}

#endif
