/* Dense layer on s8 with weights of four bits, portable. */
#ifndef EDGEGEN_DENSE_S4_H
#define EDGEGEN_DENSE_S4_H

#include "kernels/nibbles.h"

typedef struct {
    int32_t rows, depth, units;
    int32_t zero_point, low, high; /* of the output */
} edgegen_dense_s4;

/* x[rows,depth] * weights[units,(depth+1)/2] + epilogue -> y[rows,units]; epilogue[units][3]: bias, multiplier, shift. */
EDGEGEN_KERNEL void dense_s4(const edgegen_dense_s4 *p, const int8_t *x, const uint8_t *weights,
                             const int32_t *epilogue, int8_t *y)
{
    for (int32_t r = 0; r < p->rows; r++) {
        const uint8_t *w = weights;
        for (int32_t o = 0; o < p->units; o++) {
            const int32_t acc = epilogue[3 * o] + edgegen_dot_nibbles(x, w, p->depth);
            const int32_t scaled = edgegen_requantize(acc, epilogue[3 * o + 1], epilogue[3 * o + 2]);
            y[o] = (int8_t)edgegen_clamp_s32(scaled + p->zero_point, p->low, p->high);
            w += (p->depth + 1) / 2;
        }
        x += p->depth;
        y += p->units;
    }
}

#endif
