/* Functions of one f32, element by element, portable. y may be x. */
#ifndef EDGEGEN_UNARY_F32_H
#define EDGEGEN_UNARY_F32_H

#include "edgegen.h"

typedef struct {
    int32_t count;
    float alpha;
} edgegen_unary_f32;

/* Defines the kernel <name>_f32: `value` of each element v. */
#define EDGEGEN_UNARY_F32(name, value)                                                                                 \
    EDGEGEN_KERNEL void name##_f32(const edgegen_unary_f32 *p, const float *x, float *y)                               \
    {                                                                                                                  \
        for (int32_t i = 0; i < p->count; i++) {                                                                       \
            const float v = x[i];                                                                                      \
            y[i] = value;                                                                                              \
        }                                                                                                              \
    }

/* The limits are TensorFlow Lite Micro's. */
EDGEGEN_UNARY_F32(logistic, v > 16.619047164916992f ? 1.0f : v < -9.0f ? expf(v) : 1.0f / (1.0f + expf(-v)))
EDGEGEN_UNARY_F32(tanh, tanhf(v))
EDGEGEN_UNARY_F32(hard_swish, v * edgegen_clamp_f32(v + 3.0f, 0.0f, 6.0f) / 6.0f)
EDGEGEN_UNARY_F32(leaky_relu, v > 0.0f ? v : v * p->alpha)
EDGEGEN_UNARY_F32(abs, fabsf(v))
EDGEGEN_UNARY_F32(ceil, ceilf(v))
EDGEGEN_UNARY_F32(cos, cosf(v))
EDGEGEN_UNARY_F32(elu, v < 0.0f ? expm1f(v) : v)
EDGEGEN_UNARY_F32(exp, expf(v))
EDGEGEN_UNARY_F32(floor, floorf(v))
EDGEGEN_UNARY_F32(gelu, v * 0.5f * erfcf(v * -0.70710678118654752f))
EDGEGEN_UNARY_F32(gelu_tanh, 0.5f * v * (1.0f + tanhf(0.79788456080286536f * (v + 0.044715f * v * v * v))))
EDGEGEN_UNARY_F32(log, logf(v))
EDGEGEN_UNARY_F32(neg, -v)
EDGEGEN_UNARY_F32(round, rintf(v))
EDGEGEN_UNARY_F32(rsqrt, 1.0f / sqrtf(v))
EDGEGEN_UNARY_F32(sign, v > 0.0f ? 1.0f : v < 0.0f ? -1.0f : v)
EDGEGEN_UNARY_F32(sin, sinf(v))
EDGEGEN_UNARY_F32(sqrt, sqrtf(v))
EDGEGEN_UNARY_F32(square, v * v)

#endif
