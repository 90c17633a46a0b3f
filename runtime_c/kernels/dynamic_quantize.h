/* Floats as u8 of a scale that their own range needs, portable. */
#ifndef EDGEGEN_DYNAMIC_QUANTIZE_H
#define EDGEGEN_DYNAMIC_QUANTIZE_H

#include "edgegen.h"

typedef struct {
    int32_t count;
} edgegen_dynamic_quantize;

/* x within 2^22 as a whole number, ties to even: there the sum with 1.5 * 2^23 is rounded to one. */
EDGEGEN_INLINE int32_t edgegen_whole(float x)
{
    const float rounded = x + 12582912.0f;
    return (int32_t)(rounded - 12582912.0f);
}

EDGEGEN_KERNEL void dynamic_quantize_f32_u8(const edgegen_dynamic_quantize *p, const float *x, uint8_t *y, float *scale,
                                            uint8_t *zero_point)
{
    float least = 0.0f, most = 0.0f;
    for (int32_t i = 0; i < p->count; i++) {
        least = x[i] < least ? x[i] : least;
        most = x[i] > most ? x[i] : most;
    }
    const float step = least < most ? (most - least) / 255.0f : 1.0f;
    float zero = (0.0f - least) / step;
    zero = (float)edgegen_whole(zero > 255.0f ? 255.0f : zero > 0.0f ? zero : 0.0f);
    const float high = 255.0f - zero;
    for (int32_t i = 0; i < p->count; i++) {
        float q = x[i] / step;
        q = q > 0.0f - zero ? q : 0.0f - zero;
        q = q < high ? q : high;
        y[i] = (uint8_t)(edgegen_whole(q) + (int32_t)zero);
    }
    *scale = step;
    *zero_point = (uint8_t)zero;
}

#endif
