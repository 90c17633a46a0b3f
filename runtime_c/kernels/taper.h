/* Frames of s16 times weights, portable. y may be x. */
#ifndef EDGEGEN_TAPER_H
#define EDGEGEN_TAPER_H

#include "edgegen.h"

/* x[frames, length], weights[length] */
typedef struct {
    int32_t frames, length, shift;
} edgegen_taper;

EDGEGEN_KERNEL void taper_s16(const edgegen_taper *p, const int16_t *x, const int16_t *weights, int16_t *y)
{
    for (int32_t f = 0; f < p->frames; f++, x += p->length, y += p->length) {
        for (int32_t k = 0; k < p->length; k++) {
            const int32_t product = ((int32_t)x[k] * weights[k]) >> p->shift;
            y[k] = (int16_t)edgegen_clamp_s32(product, INT16_MIN, INT16_MAX);
        }
    }
}

#endif
