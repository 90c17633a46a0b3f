/* Numbers as they would come back from integers of a few bits. */
#ifndef EDGEGEN_FAKE_QUANTIZE_H
#define EDGEGEN_FAKE_QUANTIZE_H

#include "edgegen.h"

/* The limits are less than 2^24 scales apart; inverse: of scale */
typedef struct {
    int32_t count;
    float low, high, scale, inverse;
} edgegen_fake_quantize;

/* y may be x. NaN becomes the lower limit. */
EDGEGEN_KERNEL void fake_quantize_f32(const edgegen_fake_quantize *p, const float *x, float *y)
{
    for (int32_t i = 0; i < p->count; i++) {
        const float above = x[i] > p->low ? x[i] : p->low;
        const float inside = above < p->high ? above : p->high;
        const float place = (inside - p->low) * p->inverse;
        const int32_t whole = (int32_t)place;
        const float rounded = (float)(whole + (place - (float)whole >= 0.5f));
        y[i] = rounded * p->scale + p->low;
    }
}

#endif
