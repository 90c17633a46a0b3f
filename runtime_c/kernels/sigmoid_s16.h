/* Logistic and tanh of one s16 by a table of the logistic function, as TensorFlow Lite Micro computes them. */
#ifndef EDGEGEN_SIGMOID_S16_H
#define EDGEGEN_SIGMOID_S16_H

#include "edgegen.h"

/* |x| as a place in a table of 2^`bits` times as coarse numbers, interpolated; `most` beyond. */
EDGEGEN_INLINE int32_t edgegen_sigmoid_between(const uint16_t *sigmoid, int32_t magnitude, int32_t bits, int32_t most)
{
    const int32_t place = magnitude >> bits;
    if (place >= 255) {
        return most;
    }
    const int32_t here = sigmoid[place], next = sigmoid[place + 1];
    return here * (1 << bits) + (magnitude & ((1 << bits) - 1)) * (next - here);
}

/* x * multiplier / 2^shift, halves rounded upwards: what the functions below take. */
EDGEGEN_INLINE int32_t edgegen_sigmoid_scaled(int32_t x, int32_t multiplier, int32_t shift)
{
    return (x * multiplier + ((1 << shift) >> 1)) >> shift;
}

EDGEGEN_INLINE int32_t edgegen_logistic_s16(const uint16_t *sigmoid, int32_t v)
{
    const int32_t s = edgegen_sigmoid_between(sigmoid, v < 0 ? -v : v, 9, 0x7FFF << 10);
    return (v >= 0 ? s + (1 << 9) : (1 << 25) - s + (1 << 9) - 1) >> 10;
}

EDGEGEN_INLINE int32_t edgegen_tanh_s16(const uint16_t *sigmoid, int32_t v)
{
    const int32_t s = edgegen_sigmoid_between(sigmoid, v < 0 ? -v : v, 8, 0xFFFF << 8);
    return (v >= 0 ? s - (1 << 23) + (1 << 7) : (1 << 23) - s + (1 << 7) - 1) >> 8;
}

#endif
