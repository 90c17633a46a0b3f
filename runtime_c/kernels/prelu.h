/* A learned slope for what is negative, with broadcasting, on s8 and f32, portable. */
#ifndef EDGEGEN_PRELU_H
#define EDGEGEN_PRELU_H

#include "kernels/elementwise.h"

typedef struct {
    EDGEGEN_BROADCAST;
    int32_t x_zero, alpha_zero, zero_point; /* the last of the output */
    int32_t positive_multiplier, positive_shift, negative_multiplier, negative_shift;
} edgegen_prelu_s8;

typedef struct {
    EDGEGEN_BROADCAST;
} edgegen_prelu_f32;

EDGEGEN_INLINE int8_t edgegen_prelu_element_s8(const edgegen_prelu_s8 *p, int32_t x, int32_t alpha)
{
    const int32_t value = x - p->x_zero;
    const int32_t scaled =
        value >= 0 ? edgegen_requantize(value, p->positive_multiplier, p->positive_shift)
                   : edgegen_requantize(value * (alpha - p->alpha_zero), p->negative_multiplier, p->negative_shift);
    return (int8_t)edgegen_clamp_s32(scaled + p->zero_point, -128, 127);
}

EDGEGEN_INLINE float edgegen_prelu_element_f32(const edgegen_prelu_f32 *p, float x, float alpha)
{
    (void)p;
    return x >= 0.0f ? x : x * alpha;
}

EDGEGEN_ELEMENTWISE(prelu_s8, edgegen_prelu_s8, int8_t, edgegen_prelu_element_s8)
EDGEGEN_ELEMENTWISE(prelu_f32, edgegen_prelu_f32, float, edgegen_prelu_element_f32)

#endif
