/* Logarithms of softmax on s8 and f32, portable: x[rows,depth] -> y[rows,depth], each row by itself. y may be x. */
#ifndef EDGEGEN_LOG_SOFTMAX_H
#define EDGEGEN_LOG_SOFTMAX_H

#include "kernels/reciprocal.h"

typedef struct {
    int32_t rows, depth, length, diff_min; /* length: of the tables */
    int32_t multiplier, shift;             /* from 5 integer bits to differences of x */
} edgegen_log_softmax_s8;

typedef struct {
    int32_t rows, depth;
} edgegen_log_softmax_f32;

EDGEGEN_KERNEL void log_softmax_f32(const edgegen_log_softmax_f32 *p, const float *x, float *y)
{
    for (int32_t r = 0; r < p->rows; r++) {
        float most = x[0], sum = 0.0f;
        for (int32_t c = 1; c < p->depth; c++) {
            most = x[c] > most ? x[c] : most;
        }
        for (int32_t c = 0; c < p->depth; c++) {
            sum += expf(x[c] - most);
        }
        const float logarithm = logf(sum);
        for (int32_t c = 0; c < p->depth; c++) {
            y[c] = x[c] - most - logarithm;
        }
        x += p->depth;
        y += p->depth;
    }
}

/* log of x >= 1 with 12 integer bits, with 5: x = 2^k * r with r between 2^-3/4 and 2^-1/4, whose logarithm is a
 * quotient of polynomials. */
EDGEGEN_INLINE int32_t edgegen_log_of_sum(int32_t x)
{
    const int32_t root_half = 1518500250, fourth_root_half = 1805811301, quarter = 1 << 23;
    const int32_t zeros = edgegen_leading_zeros((uint32_t)x);
    const int32_t whole = edgegen_saturating_shift_left(x, zeros - 1);
    const int32_t high = edgegen_saturating_shift_left(edgegen_doubling_high_multiply(whole, root_half), 1);
    const int32_t headroom = edgegen_leading_zeros((uint32_t)edgegen_doubling_high_multiply(x, root_half)) - 1;
    const int32_t low = edgegen_saturating_shift_left(x, headroom);
    const int32_t r = edgegen_min_s32(high, low);
    const int32_t exponent =
        edgegen_max_s32((12 - zeros) * (1 << 25) + quarter, (12 - headroom) * (1 << 25) - quarter);
    const int32_t p = (int32_t)(((int64_t)r + fourth_root_half + 1) / 2);
    const int32_t q = 2 * (r - fourth_root_half);
    const int32_t square = edgegen_doubling_high_multiply(q, q);
    const int32_t cube = edgegen_doubling_high_multiply(q, square);
    const int32_t numerator = edgegen_doubling_high_multiply(q, r) + edgegen_doubling_high_multiply(cube, 117049297);
    const int32_t inner = 1057819769 + q + edgegen_doubling_high_multiply(square, 127690142);
    const int32_t denominator =
        edgegen_doubling_high_multiply(p, inner) + edgegen_doubling_high_multiply(q, 638450708);
    const int32_t fraction = edgegen_doubling_high_multiply(edgegen_rounding_shift_right(numerator, 6),
                                                            edgegen_reciprocal_of_one_plus(denominator));
    return edgegen_saturating_shift_left(edgegen_doubling_high_multiply(exponent, 1488522236) + fraction, 1);
}

/* exponentials[length], with 12 integer bits, and differences[length], with 5: of 0, -1, ... below the row's maximum. */
EDGEGEN_KERNEL void log_softmax_s8(const edgegen_log_softmax_s8 *p, const int8_t *x, const int32_t *exponentials,
                                   const int32_t *differences, int8_t *y)
{
    for (int32_t r = 0; r < p->rows; r++) {
        int32_t most = x[0], sum = 0;
        for (int32_t c = 1; c < p->depth; c++) {
            most = edgegen_max_s32(most, x[c]);
        }
        for (int32_t c = 0; c < p->depth; c++) {
            const int32_t below = most - x[c];
            sum += below < p->length ? exponentials[below] : 0;
        }
        const int32_t logarithm = edgegen_log_of_sum(sum);
        const int32_t limit = edgegen_requantize(logarithm + INT32_MIN, p->multiplier, p->shift);
        const int32_t least = edgegen_max_s32(p->diff_min - 1, limit);
        for (int32_t c = 0; c < p->depth; c++) {
            const int32_t below = most - x[c];
            int32_t out = -128;
            if (below < p->length && -below > least) {
                out = edgegen_rounding_shift_right(differences[below] - logarithm, 22) + 127;
            }
            y[c] = (int8_t)edgegen_clamp_s32(out, -128, 127);
        }
        x += p->depth;
        y += p->depth;
    }
}

#endif
