/* Vectors along the last axis, brought to length 1, on s8 and f32, portable. y may be x. */
#ifndef EDGEGEN_L2_NORMALIZE_H
#define EDGEGEN_L2_NORMALIZE_H

#include "kernels/reciprocal.h"

typedef struct {
    int32_t rows, depth, x_zero, left_shift; /* left_shift: before the multiplication, of 7 in all */
} edgegen_l2_normalize;

EDGEGEN_KERNEL void l2_normalize_f32(const edgegen_l2_normalize *p, const float *x, float *y)
{
    for (int32_t r = 0; r < p->rows; r++) {
        float sum = 0.0f;
        for (int32_t c = 0; c < p->depth; c++) {
            sum += x[c] * x[c];
        }
        const float root = sqrtf(sum), length = root < 1e-6f ? 1e-6f : root;
        for (int32_t c = 0; c < p->depth; c++) {
            y[c] = x[c] / length;
        }
        x += p->depth;
        y += p->depth;
    }
}

EDGEGEN_KERNEL void l2_normalize_s8(const edgegen_l2_normalize *p, const int8_t *x, int8_t *y)
{
    for (int32_t r = 0; r < p->rows; r++) {
        int32_t sum = 0;
        for (int32_t c = 0; c < p->depth; c++) {
            const int32_t v = x[c] - p->x_zero;
            sum += v * v;
        }
        const edgegen_factor root = edgegen_reciprocal_root(edgegen_max_s32(sum, 1));
        for (int32_t c = 0; c < p->depth; c++) {
            const int32_t v = (x[c] - p->x_zero) * (1 << p->left_shift);
            const int32_t scaled = edgegen_requantize(v, root.multiplier, root.shift + 7 - p->left_shift);
            y[c] = (int8_t)edgegen_clamp_s32(scaled, -128, 127);
        }
        x += p->depth;
        y += p->depth;
    }
}

#endif
