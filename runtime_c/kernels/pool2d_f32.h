/* Pooling on f32, portable: any strides, padding and layout order. */
#ifndef EDGEGEN_POOL2D_F32_H
#define EDGEGEN_POOL2D_F32_H

#include "kernels/pool2d.h"

/* The average, the largest, or the root of the average square of each window's pixels on the image. */
EDGEGEN_POOL2D(average_pool2d_f32, edgegen_pool2d_f32, float, float, (void)0, 0.0f, acc + v,
               edgegen_clamp_f32(acc / (float)count, p->low, p->high))
EDGEGEN_POOL2D(max_pool2d_f32, edgegen_pool2d_f32, float, float, (void)count, -EDGEGEN_INFINITY, v > acc ? v : acc,
               edgegen_clamp_f32(acc, p->low, p->high))
EDGEGEN_POOL2D(l2_pool2d_f32, edgegen_pool2d_f32, float, float, (void)0, 0.0f, acc + v * v,
               edgegen_clamp_f32(sqrtf(acc / (float)count), p->low, p->high))

#endif
