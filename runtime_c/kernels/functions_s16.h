/* Logistic and tanh of one s16 in 16-bit fixed point, as LiteRT computes them through gemmlowp.
 *
 * A number with n integer bits stands for itself times 2^(n - 15); with none, 32767 stands for 1. */
#ifndef EDGEGEN_FUNCTIONS_S16_H
#define EDGEGEN_FUNCTIONS_S16_H

#include "edgegen.h"

EDGEGEN_INLINE int32_t edgegen_limit_s16(int32_t x) { return edgegen_clamp_s32(x, -32768, 32767); }
EDGEGEN_INLINE int32_t edgegen_wrap_s16(int32_t x) { return (int16_t)(uint16_t)(uint32_t)x; }

/* High 16 bits of 2*a*b, halves rounded upwards, saturated. */
EDGEGEN_INLINE int32_t edgegen_multiply_s16(int32_t a, int32_t b)
{
    return edgegen_min_s32((a * b + (1 << 14)) >> 15, 32767);
}

/* exp(a) for a in [-1/4, 0), no integer bits: four terms of the series around -1/8. */
EDGEGEN_INLINE int32_t edgegen_exp_near_zero_s16(int32_t a)
{
    const int32_t x = edgegen_wrap_s16(a + (1 << 12)), x2 = edgegen_multiply_s16(x, x);
    const int32_t x3 = edgegen_multiply_s16(x2, x), x4 = edgegen_multiply_s16(x2, x2);
    const int32_t inner = edgegen_wrap_s16(edgegen_rounding_shift_right(x4, 2) + x3);
    const int32_t tail = edgegen_rounding_shift_right(edgegen_wrap_s16(edgegen_multiply_s16(inner, 10923) + x2), 1);
    return edgegen_limit_s16(28918 + edgegen_multiply_s16(edgegen_wrap_s16(x + tail), 28918));
}

/* exp(a), no integer bits, for a <= 0 with `bits` integer bits, 1 to 7. */
EDGEGEN_INLINE int32_t edgegen_exp_of_negative_s16(int32_t a, int32_t bits)
{
    static const int16_t factors[7] = {25520, 19875, 12055, 4435, 600, 11, 0}; /* exp(-2^k), k from -2 */
    const int32_t fraction = 15 - bits, quarter = 1 << (fraction - 2);
    if (a == 0) {
        return 32767;
    }
    if (bits > 5 && a < -(32 * (1 << fraction))) {
        return 0;
    }
    const int32_t near_zero = (a & (quarter - 1)) - quarter, remainder = edgegen_wrap_s16(near_zero - a);
    int32_t result = edgegen_exp_near_zero_s16(edgegen_limit_s16(near_zero * (1 << bits)));
    for (int32_t k = -2; k < bits && k < 5; k++) {
        if (((remainder >> (fraction + k)) & 1) != 0) {
            result = edgegen_multiply_s16(result, factors[k + 2]);
        }
    }
    return result;
}

/* 2 / (1 + x), two integer bits, for x in [0, 1) with none: three Newton steps. */
EDGEGEN_INLINE int32_t edgegen_reciprocal_of_half_sum_s16(int32_t x)
{
    const int32_t half = (x + 32768) / 2;
    int32_t guess = edgegen_wrap_s16(23130 + edgegen_multiply_s16(half, -15420));
    for (int32_t i = 0; i < 3; i++) {
        const int32_t error = edgegen_wrap_s16((1 << 13) - edgegen_multiply_s16(half, guess));
        guess = edgegen_wrap_s16(guess + edgegen_limit_s16(edgegen_multiply_s16(guess, error) * 4));
    }
    return guess;
}

/* Of s16 with `bits` integer bits, no integer bits in the result. */
EDGEGEN_INLINE int32_t edgegen_fixed_logistic_s16(int32_t a, int32_t bits)
{
    if (a == 0) {
        return 1 << 14;
    }
    const int32_t e = edgegen_exp_of_negative_s16(a < 0 ? a : -a, bits);
    const int32_t positive = edgegen_limit_s16(edgegen_reciprocal_of_half_sum_s16(e) * 2);
    return a > 0 ? positive : 32767 - positive;
}

EDGEGEN_INLINE int32_t edgegen_fixed_tanh_s16(int32_t a, int32_t bits)
{
    if (a == 0) {
        return 0;
    }
    const int32_t e = edgegen_exp_of_negative_s16(a < 0 ? a : -a, bits + 1);
    const int32_t rest = edgegen_wrap_s16(edgegen_reciprocal_of_half_sum_s16(e) - (1 << 13));
    const int32_t positive = edgegen_limit_s16(rest * 4);
    return a > 0 ? positive : -positive;
}

#endif
