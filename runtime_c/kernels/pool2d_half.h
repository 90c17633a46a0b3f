/* Averages of f16 and bf16, in f32, portable: any strides, padding and layout order. */
#ifndef EDGEGEN_POOL2D_HALF_H
#define EDGEGEN_POOL2D_HALF_H

#include "kernels/pool2d.h"
#include "kernels/small_float.h"

#define EDGEGEN_POOL2D_HALF(name, load, store)                                                                         \
    EDGEGEN_POOL2D(average_pool2d_##name, edgegen_pool2d_f32, uint16_t, float, (void)0, 0.0f, acc + load(v),           \
                   store(edgegen_clamp_f32(acc / (float)count, p->low, p->high)))                                      \
    EDGEGEN_POOL2D(l2_pool2d_##name, edgegen_pool2d_f32, uint16_t, float, (void)0, 0.0f, acc + load(v) * load(v),      \
                   store(edgegen_clamp_f32(sqrtf(acc / (float)count), p->low, p->high)))

EDGEGEN_HALF_TYPES(EDGEGEN_POOL2D_HALF)

#endif
