/* Functions of one quantized s16, element by element, portable. y may be x. */
#ifndef EDGEGEN_UNARY_S16_H
#define EDGEGEN_UNARY_S16_H

#include "kernels/interpolate.h"
#include "kernels/reciprocal.h"
#include "kernels/sigmoid_s16.h"

typedef struct {
    int32_t count, x_zero, zero_point; /* the last of the output */
    int32_t positive_multiplier, positive_shift, negative_multiplier, negative_shift;
} edgegen_two_slopes;

typedef struct {
    int32_t count, x_zero, multiplier, shift, zero_point; /* the last of the output */
} edgegen_scaled_s16;

typedef struct {
    int32_t count, multiplier, shift;
} edgegen_sigmoid_s16;

typedef struct {
    int32_t count;
} edgegen_interpolate_s16;

EDGEGEN_INLINE int16_t edgegen_saturate_s16(int32_t x) { return (int16_t)edgegen_clamp_s32(x, -32768, 32767); }

EDGEGEN_KERNEL void leaky_relu_s16(const edgegen_two_slopes *p, const int16_t *x, int16_t *y)
{
    for (int32_t i = 0; i < p->count; i++) {
        const int32_t v = x[i] - p->x_zero;
        const int32_t scaled = v >= 0 ? edgegen_requantize(v, p->positive_multiplier, p->positive_shift)
                                      : edgegen_requantize(v, p->negative_multiplier, p->negative_shift);
        y[i] = edgegen_saturate_s16(scaled + p->zero_point);
    }
}

EDGEGEN_KERNEL void magnitude_s16(const edgegen_scaled_s16 *p, const int16_t *x, int16_t *y)
{
    for (int32_t i = 0; i < p->count; i++) {
        const int32_t v = x[i] - p->x_zero;
        y[i] = edgegen_saturate_s16(edgegen_requantize(v < 0 ? -v : v, p->multiplier, p->shift) + p->zero_point);
    }
}

EDGEGEN_KERNEL void rsqrt_s16(const edgegen_scaled_s16 *p, const int16_t *x, int16_t *y)
{
    for (int32_t i = 0; i < p->count; i++) {
        const int32_t v = x[i] - p->x_zero;
        if (v <= 0) {
            y[i] = 32767;
            continue;
        }
        const edgegen_factor root = edgegen_reciprocal_root(v);
        const int32_t scaled = edgegen_requantize(1, root.multiplier, root.shift + 20);
        y[i] = edgegen_saturate_s16(edgegen_requantize(scaled, p->multiplier, p->shift) + p->zero_point);
    }
}

/* Defines the kernel <name>_s16. sigmoid[256]: see sigmoid_s16.h */
#define EDGEGEN_SIGMOID_S16(name)                                                                                      \
    EDGEGEN_KERNEL void name##_s16(const edgegen_sigmoid_s16 *p, const int16_t *x, const uint16_t *sigmoid,            \
                                   int16_t *y)                                                                         \
    {                                                                                                                  \
        for (int32_t i = 0; i < p->count; i++) {                                                                       \
            const int32_t v = edgegen_sigmoid_scaled(x[i], p->multiplier, p->shift);                                   \
            y[i] = (int16_t)edgegen_##name##_s16(sigmoid, v);                                                          \
        }                                                                                                              \
    }

EDGEGEN_SIGMOID_S16(logistic)
EDGEGEN_SIGMOID_S16(tanh)

/* table[513]: the function at -32768, -32640, ... 32768. */
EDGEGEN_KERNEL void interpolate_s16(const edgegen_interpolate_s16 *p, const int16_t *x, const int16_t *table, int16_t *y)
{
    for (int32_t i = 0; i < p->count; i++) {
        y[i] = edgegen_interpolated_s16(table, x[i]);
    }
}

#endif
