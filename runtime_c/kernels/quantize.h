/* Between f32 and quantized integers, portable. */
#ifndef EDGEGEN_QUANTIZE_H
#define EDGEGEN_QUANTIZE_H

#include "kernels/stores.h"

/* backward: from the last element to the first */
typedef struct {
    int32_t count, backward, zero_point, even; /* even: ties go to the even number, not away from zero */
    float scale, low, high;                    /* limits of the result without its zero point */
} edgegen_quantize;

typedef struct {
    int32_t count, backward, zero_point;
    float scale;
} edgegen_dequantize;

/* x / scale, limited and rounded; NaN becomes the lower limit. Limits are whole numbers that an
 * int32_t holds. */
EDGEGEN_INLINE int32_t edgegen_quantized(const edgegen_quantize *p, float x)
{
    float q = x / p->scale;
    q = q > p->low ? q : p->low;
    q = q < p->high ? q : p->high;
    const int32_t whole = (int32_t)q;
    const float rest = q - (float)whole;
    const float half = p->even != 0 && whole % 2 == 0 ? 0.50000006f : 0.5f; /* the next f32 after a half, or a half */
    return whole + (rest >= half) - (rest <= -half) + p->zero_point;
}

EDGEGEN_INLINE float edgegen_dequantized(const edgegen_dequantize *p, int32_t x)
{
    return p->scale * (float)(x - p->zero_point);
}

/* Defines the kernels quantize_f32_<name> and dequantize_<name>_f32. */
#define EDGEGEN_QUANTIZE(name, type)                                                                                   \
    EDGEGEN_KERNEL void quantize_f32_##name(const edgegen_quantize *p, const float *x, type *y)                        \
    {                                                                                                                  \
        EDGEGEN_STORE_EACH(p, float, x, type, y, edgegen_quantized)                                                    \
    }                                                                                                                  \
    EDGEGEN_KERNEL void dequantize_##name##_f32(const edgegen_dequantize *p, const type *x, float *y)                  \
    {                                                                                                                  \
        EDGEGEN_STORE_VECTORS(p, type, x, float, y, edgegen_dequantized)                                               \
    }

EDGEGEN_QUANTIZE(s8, int8_t)
EDGEGEN_QUANTIZE(u8, uint8_t)
EDGEGEN_QUANTIZE(s16, int16_t)

#endif
