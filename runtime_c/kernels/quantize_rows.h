/* f32 quantized to s8 while the model runs, each row to its own scale, portable. */
#ifndef EDGEGEN_QUANTIZE_ROWS_H
#define EDGEGEN_QUANTIZE_ROWS_H

#include "edgegen.h"

typedef struct {
    int32_t rows, depth;
} edgegen_quantize_rows;

/* x * inverse, half of twice_inverse, rounded half away from zero; within [-256, 255], to which NaN and what overflows
 * are limited. */
EDGEGEN_INLINE int32_t edgegen_quantized_by(float x, float twice_inverse)
{
    float twice = x * twice_inverse;
    twice = twice > -512.0f ? twice : -512.0f;
    twice = twice < 510.0f ? twice : 510.0f;
    const int32_t halves = (int32_t)twice;
    return (halves + 1 - (halves < 0)) >> 1;
}

/* x[depth] -> q[depth] in [-127, 127], which may be x, and the scale: x is about scale * q. */
EDGEGEN_INLINE float edgegen_quantize_row_symmetric(const float *x, int32_t depth, int8_t *q)
{
    float range = 0.0f;
    for (int32_t i = 0; i < depth; i++) {
        const float magnitude = fabsf(x[i]);
        range = magnitude > range ? magnitude : range;
    }
    if (!(range > 0.0f)) {
        memset(q, 0, (size_t)depth);
        return 1.0f;
    }
    const float inverse = 127.0f / range;
    for (int32_t i = 0; i < depth; i++) {
        q[i] = (int8_t)edgegen_clamp_s32(edgegen_quantized_by(x[i], 2.0f * inverse), -127, 127);
    }
    return range / 127.0f;
}

/* The scale and zero point of s8 numbers that reach from low to high, low <= 0 <= high and low < high: of both ends, the
 * one that is quantized with the smaller error decides. */
EDGEGEN_INLINE float edgegen_asymmetric_scale(float low, float high, int32_t *zero)
{
    const float range = high - low;
    const double scale = range / 255.0;
    const double from_low = low / scale, from_high = high / scale;
    const double exact = 128.0 - from_low < 127.0 + from_high ? -128.0 - from_low : 127.0 - from_high;
    const double limited = exact > -128.0 ? (exact < 127.0 ? exact : 127.0) : -128.0;
    const int32_t halves = (int32_t)(2.0 * limited);
    *zero = (halves + 1 - (halves < 0)) >> 1;
    return (float)scale;
}

/* x[depth] -> q[depth], which may be x, the scale and the zero point: x is about scale * (q - zero). */
EDGEGEN_INLINE float edgegen_quantize_row_asymmetric(const float *x, int32_t depth, int8_t *q, int32_t *zero)
{
    float low = 0.0f, high = 0.0f;
    for (int32_t i = 0; i < depth; i++) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    if (!(low < high)) {
        memset(q, 0, (size_t)depth);
        *zero = 0;
        return 1.0f;
    }
    const float scale = edgegen_asymmetric_scale(low, high, zero);
    const float inverse = scale > 0.0f ? 1.0f / scale : 0.0f;
    for (int32_t i = 0; i < depth; i++) {
        q[i] = (int8_t)edgegen_clamp_s32(edgegen_quantized_by(x[i], 2.0f * inverse) + *zero, -128, 127);
    }
    return scale;
}

/* x[rows,depth] -> q[rows,depth], which may be x, scale[rows], zero[rows]: all 0. */
EDGEGEN_KERNEL void quantize_rows_symmetric(const edgegen_quantize_rows *p, const float *x, int8_t *q, float *scale,
                                            int32_t *zero)
{
    for (int32_t r = 0; r < p->rows; r++) {
        scale[r] = edgegen_quantize_row_symmetric(x + r * p->depth, p->depth, q + r * p->depth);
        zero[r] = 0;
    }
}

/* x[rows,depth] -> q[rows,depth], which may be x, scale[rows], zero[rows] */
EDGEGEN_KERNEL void quantize_rows_asymmetric(const edgegen_quantize_rows *p, const float *x, int8_t *q, float *scale,
                                             int32_t *zero)
{
    for (int32_t r = 0; r < p->rows; r++) {
        scale[r] = edgegen_quantize_row_asymmetric(x + r * p->depth, p->depth, q + r * p->depth, zero + r);
    }
}

#endif
