/* Dense layer on s16 with s8 weights, portable. */
#ifndef EDGEGEN_DENSE_S16_H
#define EDGEGEN_DENSE_S16_H

#include "kernels/sum_s16.h"

typedef struct {
    int32_t rows, depth, units;
    edgegen_output_s16 output;
} edgegen_dense_s16;

/* x[rows,depth] * weights[units,depth] + bias[units] -> y[rows,units]; scale[units][2]: multiplier, shift. */
EDGEGEN_KERNEL void dense_s16(const edgegen_dense_s16 *p, const int16_t *x, const int8_t *weights,
                              const int64_t *bias, const int32_t *scale, int16_t *y)
{
    for (int32_t r = 0; r < p->rows; r++) {
        const int8_t *w = weights;
        for (int32_t o = 0; o < p->units; o++) {
            int64_t acc = bias[o];
            for (int32_t k = 0; k < p->depth; k++) {
                acc += x[k] * w[k];
            }
            y[o] = edgegen_finish_s16(&p->output, acc, scale + 2 * o);
            w += p->depth;
        }
        x += p->depth;
        y += p->units;
    }
}

#endif
