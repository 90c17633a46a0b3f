/* Bounds on every element of f16 and bf16. y may be x. */
#ifndef EDGEGEN_CLAMP_HALF_H
#define EDGEGEN_CLAMP_HALF_H

#include "kernels/clamp.h"
#include "kernels/small_float.h"

#define EDGEGEN_CLAMP_HALF(name, load, store)                                                                          \
    EDGEGEN_KERNEL void clamp_##name(const edgegen_bounds_f32 *p, const uint16_t *x, uint16_t *y)                      \
    {                                                                                                                  \
        for (int32_t i = 0; i < p->count; i++) {                                                                       \
            y[i] = store(edgegen_clamp_f32(load(x[i]), p->low, p->high));                                              \
        }                                                                                                              \
    }

EDGEGEN_HALF_TYPES(EDGEGEN_CLAMP_HALF)

#endif
