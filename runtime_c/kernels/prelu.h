/* A learned slope for what is negative, with broadcasting, on s8, s16 and f32, portable. */
#ifndef EDGEGEN_PRELU_H
#define EDGEGEN_PRELU_H

#include "kernels/elementwise.h"

typedef struct {
    EDGEGEN_BROADCAST;
    int32_t x_zero, alpha_zero, zero_point, low, high; /* the last three of the output */
    int32_t positive_multiplier, positive_shift, negative_multiplier, negative_shift;
} edgegen_prelu_integer;

typedef struct {
    EDGEGEN_BROADCAST;
} edgegen_prelu_f32;

EDGEGEN_INLINE int32_t edgegen_prelu_element(const edgegen_prelu_integer *p, int32_t x, int32_t alpha)
{
    const int32_t value = x - p->x_zero;
    const int32_t scaled =
        value >= 0 ? edgegen_requantize(value, p->positive_multiplier, p->positive_shift)
                   : edgegen_requantize(value * (alpha - p->alpha_zero), p->negative_multiplier, p->negative_shift);
    return edgegen_clamp_s32(scaled + p->zero_point, p->low, p->high);
}

EDGEGEN_INLINE int8_t edgegen_prelu_element_s8(const edgegen_prelu_integer *p, int32_t x, int32_t alpha)
{
    return (int8_t)edgegen_prelu_element(p, x, alpha);
}

EDGEGEN_INLINE int16_t edgegen_prelu_element_s16(const edgegen_prelu_integer *p, int32_t x, int32_t alpha)
{
    return (int16_t)edgegen_prelu_element(p, x, alpha);
}

EDGEGEN_INLINE float edgegen_prelu_element_f32(const edgegen_prelu_f32 *p, float x, float alpha)
{
    (void)p;
    return x >= 0.0f ? x : x * alpha;
}

EDGEGEN_ELEMENTWISE(prelu_s8, edgegen_prelu_integer, int8_t, edgegen_prelu_element_s8)
EDGEGEN_ELEMENTWISE(prelu_s16, edgegen_prelu_integer, int16_t, edgegen_prelu_element_s16)
EDGEGEN_ELEMENTWISE(prelu_f32, edgegen_prelu_f32, float, edgegen_prelu_element_f32)

#endif
