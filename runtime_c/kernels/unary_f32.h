/* Functions of one f32, element by element, portable. y may be x. */
#ifndef EDGEGEN_UNARY_F32_H
#define EDGEGEN_UNARY_F32_H

#include "edgegen.h"

typedef struct {
    int32_t count;
    float alpha;
} edgegen_unary_f32;

/* The limits are TensorFlow Lite Micro's. */
EDGEGEN_KERNEL void logistic_f32(const edgegen_unary_f32 *p, const float *x, float *y)
{
    for (int32_t i = 0; i < p->count; i++) {
        const float v = x[i];
        y[i] = v > 16.619047164916992f ? 1.0f : v < -9.0f ? expf(v) : 1.0f / (1.0f + expf(-v));
    }
}

EDGEGEN_KERNEL void tanh_f32(const edgegen_unary_f32 *p, const float *x, float *y)
{
    for (int32_t i = 0; i < p->count; i++) {
        y[i] = tanhf(x[i]);
    }
}

EDGEGEN_KERNEL void hard_swish_f32(const edgegen_unary_f32 *p, const float *x, float *y)
{
    for (int32_t i = 0; i < p->count; i++) {
        y[i] = x[i] * edgegen_clamp_f32(x[i] + 3.0f, 0.0f, 6.0f) / 6.0f;
    }
}

EDGEGEN_KERNEL void leaky_relu_f32(const edgegen_unary_f32 *p, const float *x, float *y)
{
    for (int32_t i = 0; i < p->count; i++) {
        y[i] = x[i] > 0.0f ? x[i] : x[i] * p->alpha;
    }
}

#endif
