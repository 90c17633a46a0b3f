/* A frame of s16 shifted up as far as its largest value allows, portable. y may be x. */
#ifndef EDGEGEN_AUTO_SCALE_H
#define EDGEGEN_AUTO_SCALE_H

#include "kernels/leading_zeros.h"

typedef struct {
    int32_t elements;
} edgegen_auto_scale;

EDGEGEN_KERNEL void auto_scale_s16(const edgegen_auto_scale *p, const int16_t *x, int16_t *y, int32_t *bits)
{
    int16_t largest = 0; /* 16 bits, in which the magnitude of the least s16 is negative, as TFLM has it */
    for (int32_t k = 0; k < p->elements; k++) {
        const int32_t v = x[k];
        if (v > largest) {
            largest = (int16_t)v;
        } else if (-v > largest) {
            largest = (int16_t)-v;
        }
    }
    const int32_t spare = largest > 0 ? edgegen_leading_zeros((uint32_t)largest) - 17 : 0;
    for (int32_t k = 0; k < p->elements; k++) {
        y[k] = (int16_t)(x[k] * (INT32_C(1) << spare));
    }
    *bits = spare;
}

#endif
