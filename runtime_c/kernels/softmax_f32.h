/* Softmax on f32, portable. */
#ifndef EDGEGEN_SOFTMAX_F32_H
#define EDGEGEN_SOFTMAX_F32_H

#include "kernels/softmax.h"

EDGEGEN_KERNEL void softmax_f32(const edgegen_softmax_f32 *p, const float *x, float *y)
{
    for (int32_t r = 0; r < p->rows; r++) {
        float most = x[0];
        for (int32_t c = 1; c < p->depth; c++) {
            most = x[c] > most ? x[c] : most;
        }
        float sum = 0.0f;
        for (int32_t c = 0; c < p->depth; c++) {
            y[c] = expf((x[c] - most) * p->beta);
            sum += y[c];
        }
        for (int32_t c = 0; c < p->depth; c++) {
            y[c] /= sum;
        }
        x += p->depth;
        y += p->depth;
    }
}

#endif
