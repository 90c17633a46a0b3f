/* Long short-term memory on s8 and s16 with s8 weights and a cell state of s16, portable. */
#ifndef EDGEGEN_LSTM_INTEGER_H
#define EDGEGEN_LSTM_INTEGER_H

#include "kernels/sigmoid_s16.h"
#include "kernels/steps.h"

/* from_x, from_h: multiplier and shift of each gate: input, forget, candidate, output
 * keep, add, hidden: likewise of forget * c, of input * candidate, and of output * tanh(c)
 * tanh: multiplier and shift that bring c to what edgegen_tanh_s16 takes
 * clip: of the cell's magnitude; h_zero, low, high: of h
 * apart, block, copy, sums: of the kernel for the DSP extension; block: cells whose gates it computes at a time */
typedef struct {
    edgegen_steps steps;
    int32_t cells;
    int32_t from_x[8], from_h[8], keep[2], add[2], hidden[2], tanh[2], clip, h_zero, low, high;
    int32_t apart, block, copy, sums;
} edgegen_lstm_integer;

EDGEGEN_INLINE int32_t edgegen_saturated_s16(int32_t x) { return edgegen_clamp_s32(x, -32768, 32767); }

/* A gate, with 12 fraction bits, from what x and h contribute, each of s16. */
EDGEGEN_INLINE int32_t edgegen_lstm_gate(int32_t from_x, int32_t from_h)
{
    return edgegen_saturated_s16(edgegen_saturated_s16(from_x) + edgegen_saturated_s16(from_h));
}

/* x * multiplier * 2^(shift - 31) as edgegen_requantize gives it for |x| < 2^30 and a negative shift. */
EDGEGEN_INLINE int32_t edgegen_lstm_scale_small(int32_t x, const int32_t *factor)
{
    const int32_t half = (1 << (-factor[1] - 1)), product = edgegen_doubling_high_multiply(x, factor[0]);
    return (product + half + (product >> 31)) >> -factor[1];
}

/* Defines edgegen_lstm_cell_<name>: one cell's next state, and its output, from its gates z with 12 fraction bits.
 * `scale` and `saturate` are or do the same as edgegen_lstm_scale_small and edgegen_saturated_s16. */
#define EDGEGEN_LSTM_CELL(name, scale, saturate)                                                                       \
    EDGEGEN_INLINE int32_t edgegen_lstm_cell_##name(const edgegen_lstm_integer *p, const int32_t *z,                   \
                                                    const uint16_t *sigmoid, int16_t *cell)                            \
    {                                                                                                                  \
        const int32_t enter = edgegen_logistic_s16(sigmoid, 3 * z[0]), keep = edgegen_logistic_s16(sigmoid, 3 * z[1]); \
        const int32_t fresh = edgegen_tanh_s16(sigmoid, 3 * z[2]), leave = edgegen_logistic_s16(sigmoid, 3 * z[3]);    \
        const int32_t kept = saturate(scale(keep * *cell, p->keep)), added = saturate(scale(enter * fresh, p->add));   \
        const int32_t sum = saturate(kept + added);                                                                    \
        const int32_t next = p->clip != 0 ? edgegen_clamp_s32(sum, -p->clip, p->clip) : sum;                           \
        *cell = (int16_t)next;                                                                                         \
        const int32_t curve = edgegen_tanh_s16(sigmoid, edgegen_sigmoid_scaled(next, p->tanh[0], p->tanh[1]));         \
        return edgegen_clamp_s32(scale(curve * leave, p->hidden) + p->h_zero, p->low, p->high);                        \
    }

EDGEGEN_LSTM_CELL(portable, edgegen_lstm_scale_small, edgegen_saturated_s16)

EDGEGEN_INLINE int32_t edgegen_lstm_scale_s32(int32_t acc, const int32_t *factor)
{
    return edgegen_requantize(acc, factor[0], factor[1]);
}

/* factor: multiplier of 15 bits and right shift */
EDGEGEN_INLINE int32_t edgegen_lstm_scale_s64(int64_t acc, const int32_t *factor)
{
    return (int32_t)((acc * factor[0] + (INT64_C(1) << (factor[1] - 1))) >> factor[1]);
}

/* Defines the kernel lstm_<name> for x and h of `type`, whose products add up in `sum`, as `scale` requantizes it.
 *
 * weights[cells][inputs + outputs][4]; starts[cells][2][4]: biases of sums over x, and over h
 * y may lie over rows of x that were read
 * h, c: states before the first step, next_h, next_c: after the last, which may be h and c */
#define EDGEGEN_LSTM_INTEGER(name, type, sum, scale)                                                                   \
    EDGEGEN_INLINE const int8_t *edgegen_lstm_sums_##name(const type *x, int32_t depth, const int8_t *weights,         \
                                                          sum *acc)                                                    \
    {                                                                                                                  \
        for (int32_t k = 0; k < depth; k++, weights += 4) {                                                            \
            for (int32_t g = 0; g < 4; g++) {                                                                          \
                acc[g] += x[k] * weights[g];                                                                           \
            }                                                                                                          \
        }                                                                                                              \
        return weights;                                                                                                \
    }                                                                                                                  \
    EDGEGEN_KERNEL void lstm_##name(const edgegen_lstm_integer *p, const type *x, const type *h, const int16_t *c,     \
                                    const int8_t *weights, const sum *starts, const uint16_t *sigmoid, type *y,        \
                                    type *next_h, int16_t *next_c)                                                     \
    {                                                                                                                  \
        const edgegen_steps *const s = &p->steps;                                                                      \
        if (next_c != c) {                                                                                             \
            memcpy(next_c, c, (size_t)(s->batch * p->cells) * sizeof *c);                                              \
        }                                                                                                              \
        for (int32_t turn = 0; turn < s->count * s->batch; turn++) {                                                   \
            const edgegen_step at = edgegen_step_of(s, turn);                                                          \
            const int begins = edgegen_step_begins(s, at.time, s->count);                                              \
            const type *const before = begins ? h + at.sequence * s->outputs : y + at.earlier * s->outputs;            \
            const type *const in = x + at.row * s->inputs;                                                             \
            type *const out = y + at.row * s->outputs;                                                                 \
            const int8_t *w = weights;                                                                                 \
            for (int32_t j = 0; j < p->cells; j++) {                                                                   \
                sum acc[8];                                                                                            \
                int32_t z[4];                                                                                          \
                memcpy(acc, starts + 8 * j, sizeof acc);                                                               \
                w = edgegen_lstm_sums_##name(in, s->inputs, w, acc);                                                   \
                w = edgegen_lstm_sums_##name(before, s->outputs, w, acc + 4);                                          \
                for (int32_t g = 0; g < 4; g++) {                                                                      \
                    z[g] = edgegen_lstm_gate(scale(acc[g], p->from_x + 2 * g), scale(acc[4 + g], p->from_h + 2 * g));  \
                }                                                                                                      \
                out[j] = (type)edgegen_lstm_cell_portable(p, z, sigmoid, next_c + at.sequence * p->cells + j);         \
            }                                                                                                          \
            if (edgegen_step_ends(s, at.time, s->count)) {                                                             \
                memcpy(next_h + at.sequence * s->outputs, out, (size_t)s->outputs * sizeof *out);                      \
            }                                                                                                          \
        }                                                                                                              \
    }

EDGEGEN_LSTM_INTEGER(s8, int8_t, int32_t, edgegen_lstm_scale_s32)
EDGEGEN_LSTM_INTEGER(s16, int16_t, int64_t, edgegen_lstm_scale_s64)

#endif
