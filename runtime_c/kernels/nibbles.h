/* Weights of four bits, two to the byte, the lower first. */
#ifndef EDGEGEN_NIBBLES_H
#define EDGEGEN_NIBBLES_H

#include "edgegen.h"

/* The number in the lower or upper half of a byte, in [-8, 7]. */
EDGEGEN_INLINE int32_t edgegen_low_nibble(uint8_t pair) { return ((pair & 15) ^ 8) - 8; }
EDGEGEN_INLINE int32_t edgegen_high_nibble(uint8_t pair) { return ((pair >> 4) ^ 8) - 8; }

/* Number i of those that start at `pairs`. */
EDGEGEN_INLINE int32_t edgegen_nibble(const uint8_t *pairs, int32_t i)
{
    return i % 2 != 0 ? edgegen_high_nibble(pairs[i / 2]) : edgegen_low_nibble(pairs[i / 2]);
}

/* x[depth] times depth weights */
EDGEGEN_INLINE int32_t edgegen_dot_nibbles(const int8_t *x, const uint8_t *weights, int32_t depth)
{
    int32_t acc = 0;
    for (int32_t k = 0; k < depth / 2; k++) {
        acc += x[2 * k] * edgegen_low_nibble(weights[k]) + x[2 * k + 1] * edgegen_high_nibble(weights[k]);
    }
    return depth % 2 != 0 ? acc + x[depth - 1] * edgegen_low_nibble(weights[depth / 2]) : acc;
}

#endif
