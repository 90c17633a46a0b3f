/* Bounds on every element, on s8, u8, s16 and f32. y may be x. */
#ifndef EDGEGEN_CLAMP_H
#define EDGEGEN_CLAMP_H

#include "edgegen.h"

typedef struct {
    int32_t count, low, high;
} edgegen_bounds;

typedef struct {
    int32_t count;
    float low, high;
} edgegen_bounds_f32;

/* Defines the kernel clamp_<name>. */
#define EDGEGEN_CLAMP(name, type)                                                                                      \
    EDGEGEN_KERNEL void clamp_##name(const edgegen_bounds *p, const type *x, type *y)                                  \
    {                                                                                                                  \
        for (int32_t i = 0; i < p->count; i++) {                                                                       \
            y[i] = (type)edgegen_clamp_s32(x[i], p->low, p->high);                                                     \
        }                                                                                                              \
    }

EDGEGEN_CLAMP(s8, int8_t)
EDGEGEN_CLAMP(u8, uint8_t)
EDGEGEN_CLAMP(s16, int16_t)

EDGEGEN_KERNEL void clamp_f32(const edgegen_bounds_f32 *p, const float *x, float *y)
{
    for (int32_t i = 0; i < p->count; i++) {
        y[i] = edgegen_clamp_f32(x[i], p->low, p->high);
    }
}

#endif
