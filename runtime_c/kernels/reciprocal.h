/* Reciprocals and roots in fixed point, as TensorFlow Lite Micro computes them through gemmlowp. */
#ifndef EDGEGEN_RECIPROCAL_H
#define EDGEGEN_RECIPROCAL_H

#include "kernels/leading_zeros.h"

/* multiplier * 2^(shift - 31) */
typedef struct {
    int32_t multiplier, shift;
} edgegen_factor;

/* 1 / (1 + x * 2^-31) * 2^31 for x >= 0: three Newton steps on numbers with two integer bits. */
EDGEGEN_INLINE int32_t edgegen_reciprocal_of_one_plus(int32_t x)
{
    const int32_t half = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2);
    int32_t guess = 1515870810 + edgegen_doubling_high_multiply(half, -1010580540);
    for (int32_t i = 0; i < 3; i++) {
        const int32_t error = (1 << 29) - edgegen_doubling_high_multiply(half, guess);
        guess += edgegen_doubling_high_multiply(guess, error) * 4;
    }
    return guess > INT32_MAX / 2 ? INT32_MAX : guess * 2;
}

/* x * 2^exponent, saturated. */
EDGEGEN_INLINE int32_t edgegen_saturating_shift_left(int32_t x, int32_t exponent)
{
    const int64_t wide = (int64_t)x * ((int64_t)1 << exponent);
    return wide > INT32_MAX ? INT32_MAX : wide < INT32_MIN ? INT32_MIN : (int32_t)wide;
}

/* 1 / sqrt(x), x > 0: five Newton steps on numbers with three integer bits. 1 gives the greatest number below 1. */
EDGEGEN_INLINE edgegen_factor edgegen_reciprocal_root(int32_t x)
{
    edgegen_factor result = {INT32_MAX, 0};
    if (x == 1) {
        return result;
    }
    int32_t shift = 11;
    while (x >= 1 << 29) {
        x /= 4;
        shift++;
    }
    const int32_t pairs = (edgegen_leading_zeros((uint32_t)x) - 1) / 2 - 1;
    shift -= pairs;
    const int32_t half = edgegen_rounding_shift_right(x * (1 << (2 * pairs)) >> 1, 1);
    int32_t root = 1 << 28;
    for (int32_t i = 0; i < 5; i++) {
        const int32_t square = edgegen_doubling_high_multiply(root, root);
        const int32_t cube = edgegen_saturating_shift_left(edgegen_doubling_high_multiply(square, root), 6);
        const int32_t step = edgegen_doubling_high_multiply(root, (1 << 28) + (1 << 27)) -
                             edgegen_doubling_high_multiply(half, cube);
        root = edgegen_saturating_shift_left(step, 3);
    }
    root = edgegen_doubling_high_multiply(root, 1518500250);
    result.multiplier = shift < 0 ? root * (1 << -shift) : root;
    result.shift = shift < 0 ? 0 : -shift;
    return result;
}

#endif
