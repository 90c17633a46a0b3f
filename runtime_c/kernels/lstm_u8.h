/* Long short-term memory on u8 around 128 with u8 weights and a cell state of s16, portable: LiteRT's basic kernel. */
#ifndef EDGEGEN_LSTM_U8_H
#define EDGEGEN_LSTM_U8_H

#include "kernels/functions_s16.h"
#include "kernels/steps.h"

/* w_zero: of the weights; multiplier, shift: of sums to gates with 12 fraction bits */
typedef struct {
    edgegen_steps steps;
    int32_t cells, w_zero, multiplier, shift;
} edgegen_lstm_u8;

/* acc[4] += x[depth] times weights[depth][4], both without their zero points. Returns the end of the weights. */
EDGEGEN_INLINE const uint8_t *edgegen_lstm_sums_u8(const uint8_t *x, int32_t depth, const uint8_t *weights,
                                                   int32_t zero, int32_t *acc)
{
    for (int32_t k = 0; k < depth; k++, weights += 4) {
        for (int32_t g = 0; g < 4; g++) {
            acc[g] += (x[k] - 128) * (weights[g] - zero);
        }
    }
    return weights;
}

/* One cell's next state, and its output, from its gates: input, forget, candidate, output. */
EDGEGEN_INLINE uint8_t edgegen_lstm_cell_u8(const int32_t *z, int16_t *cell)
{
    const int32_t added = edgegen_multiply_s16(edgegen_fixed_logistic_s16(z[0], 3), edgegen_fixed_tanh_s16(z[2], 3));
    const int32_t kept = edgegen_multiply_s16(edgegen_fixed_logistic_s16(z[1], 3), *cell);
    const int32_t next = edgegen_limit_s16(edgegen_rounding_shift_right(added, 4) + kept);
    *cell = (int16_t)next;
    const int32_t fine = edgegen_multiply_s16(edgegen_fixed_logistic_s16(z[3], 3), edgegen_fixed_tanh_s16(next, 4));
    return (uint8_t)(edgegen_clamp_s32(edgegen_rounding_shift_right(fine, 8), -128, 127) + 128);
}

/* weights[cells][inputs + outputs][4], bias[cells][4]
 * y may lie over rows of x that were read
 * h, c: states before the first step, next_h, next_c: after the last, which may be h and c */
EDGEGEN_KERNEL void lstm_u8(const edgegen_lstm_u8 *p, const uint8_t *x, const uint8_t *h, const int16_t *c,
                            const uint8_t *weights, const int32_t *bias, uint8_t *y, uint8_t *next_h, int16_t *next_c)
{
    const edgegen_steps *const s = &p->steps;
    if (next_c != c) {
        memcpy(next_c, c, (size_t)(s->batch * p->cells) * sizeof *c);
    }
    for (int32_t turn = 0; turn < s->count * s->batch; turn++) {
        const edgegen_step at = edgegen_step_of(s, turn);
        const int begins = edgegen_step_begins(s, at.time, s->count);
        const uint8_t *const before = begins ? h + at.sequence * s->outputs : y + at.earlier * s->outputs;
        uint8_t *const out = y + at.row * s->outputs;
        const uint8_t *w = weights;
        for (int32_t j = 0; j < p->cells; j++) {
            int32_t z[4];
            memcpy(z, bias + 4 * j, sizeof z);
            w = edgegen_lstm_sums_u8(x + at.row * s->inputs, s->inputs, w, p->w_zero, z);
            w = edgegen_lstm_sums_u8(before, s->outputs, w, p->w_zero, z);
            for (int32_t g = 0; g < 4; g++) {
                z[g] = edgegen_limit_s16(edgegen_requantize(z[g], p->multiplier, p->shift));
            }
            out[j] = edgegen_lstm_cell_u8(z, next_c + at.sequence * p->cells + j);
        }
        if (edgegen_step_ends(s, at.time, s->count)) {
            memcpy(next_h + at.sequence * s->outputs, out, (size_t)s->outputs);
        }
    }
}

#endif
