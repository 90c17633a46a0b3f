/* Numbers divided by a power of the squares of their neighbours along the last axis, on f32, portable. */
#ifndef EDGEGEN_LOCAL_RESPONSE_H
#define EDGEGEN_LOCAL_RESPONSE_H

#include "edgegen.h"

typedef struct {
    int32_t rows, depth, before, after;
    float bias, alpha, beta;
} edgegen_local_response;

EDGEGEN_KERNEL void local_response_f32(const edgegen_local_response *p, const float *x, float *y)
{
    for (int32_t r = 0; r < p->rows; r++) {
        for (int32_t c = 0; c < p->depth; c++) {
            const int32_t first = edgegen_max_s32(c - p->before, 0);
            const int32_t end = edgegen_min_s32(c + p->after + 1, p->depth);
            float sum = 0.0f;
            for (int32_t k = first; k < end; k++) {
                sum += x[k] * x[k];
            }
            y[c] = x[c] * powf(p->bias + p->alpha * sum, -p->beta);
        }
        x += p->depth;
        y += p->depth;
    }
}

#endif
