/* Bounds on every element, on s8 and f32. y may be x. */
#ifndef EDGEGEN_CLAMP_H
#define EDGEGEN_CLAMP_H

#include "edgegen.h"

typedef struct {
    int32_t count, low, high;
} edgegen_bounds_s8;

typedef struct {
    int32_t count;
    float low, high;
} edgegen_bounds_f32;

EDGEGEN_KERNEL void clamp_s8(const edgegen_bounds_s8 *p, const int8_t *x, int8_t *y)
{
    for (int32_t i = 0; i < p->count; i++) {
        y[i] = (int8_t)edgegen_clamp_s32(x[i], p->low, p->high);
    }
}

EDGEGEN_KERNEL void clamp_f32(const edgegen_bounds_f32 *p, const float *x, float *y)
{
    for (int32_t i = 0; i < p->count; i++) {
        y[i] = edgegen_clamp_f32(x[i], p->low, p->high);
    }
}

#endif
