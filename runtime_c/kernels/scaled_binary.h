/* Arithmetic on quantized integers by way of the real numbers they stand for, portable. */
#ifndef EDGEGEN_SCALED_BINARY_H
#define EDGEGEN_SCALED_BINARY_H

#include "kernels/elementwise.h"

typedef struct {
    EDGEGEN_BROADCAST;
    int32_t a_zero, b_zero, zero_point;
    float a_scale, b_scale, scale, low, high; /* low, high: of the result without its zero point */
} edgegen_scaled_binary;

#define EDGEGEN_SCALED_SUM(a, b) ((a) + (b))
#define EDGEGEN_SCALED_DIFFERENCE(a, b) ((a) - (b))
#define EDGEGEN_SCALED_PRODUCT(a, b) ((a) * (b))

/* Products and their sum are statements of their own, so that compilers keep them apart. The sum with 1.5 * 2^23 rounds
 * to a whole number, ties to even. */
#define EDGEGEN_SCALED_BINARY(name, function)                                                                          \
    EDGEGEN_INLINE int8_t edgegen_scaled_##name(const edgegen_scaled_binary *p, int32_t a, int32_t b)                  \
    {                                                                                                                  \
        const float left = p->a_scale * (float)(a - p->a_zero), right = p->b_scale * (float)(b - p->b_zero);           \
        const float real = function(left, right);                                                                      \
        float steps = real / p->scale;                                                                                 \
        steps = steps < p->low ? p->low : steps > p->high ? p->high : steps;                                           \
        const float rounded = steps + 12582912.0f;                                                                     \
        return (int8_t)((int32_t)(rounded - 12582912.0f) + p->zero_point);                                             \
    }                                                                                                                  \
    EDGEGEN_ELEMENTWISE(scaled_##name##_s8, edgegen_scaled_binary, int8_t, edgegen_scaled_##name)

EDGEGEN_SCALED_BINARY(add, EDGEGEN_SCALED_SUM)
EDGEGEN_SCALED_BINARY(sub, EDGEGEN_SCALED_DIFFERENCE)
EDGEGEN_SCALED_BINARY(mul, EDGEGEN_SCALED_PRODUCT)

#endif
