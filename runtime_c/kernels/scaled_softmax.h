/* Softmax on s8 by way of the real numbers that the integers stand for, portable. */
#ifndef EDGEGEN_SCALED_SOFTMAX_H
#define EDGEGEN_SCALED_SOFTMAX_H

#include "edgegen.h"

/* steps: of the result in a probability of 1 */
typedef struct {
    int32_t rows, depth, length, zero_point;
    float steps;
} edgegen_scaled_softmax;

/* exponentials[length]: exp of the differences 0, -1, ... from the row's greatest number, in fixed point; 0 beyond. Sums
 * of a row fit u32. y may be x: a row is read to its end before it is written. */
EDGEGEN_KERNEL void scaled_softmax_s8(const edgegen_scaled_softmax *p, const int8_t *x, const uint32_t *exponentials,
                                      int8_t *y)
{
    for (int32_t r = 0; r < p->rows; r++) {
        int32_t most = x[0];
        for (int32_t c = 1; c < p->depth; c++) {
            most = edgegen_max_s32(most, x[c]);
        }
        uint32_t sum = 0;
        for (int32_t c = 0; c < p->depth; c++) {
            const int32_t below = most - x[c];
            sum += below < p->length ? exponentials[below] : 0;
        }
        const float factor = p->steps / (float)sum;
        for (int32_t c = 0; c < p->depth; c++) {
            const int32_t below = most - x[c];
            const float steps = (float)(below < p->length ? exponentials[below] : 0) * factor;
            y[c] = (int8_t)edgegen_clamp_s32(edgegen_round_to_even(steps) + p->zero_point, -128, 127);
        }
        x += p->depth;
        y += p->depth;
    }
}

#endif
