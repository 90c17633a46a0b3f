/* Long short-term memory on s8 with s8 weights and a cell state of s16 in 16-bit fixed point, portable: LiteRT's
 * kernel, with coupled gates, peepholes, normalization and projection. */
#ifndef EDGEGEN_LSTM_FIXED_H
#define EDGEGEN_LSTM_FIXED_H

#include "kernels/functions_s16.h"
#include "kernels/reciprocal.h"
#include "kernels/steps.h"

/* gates: of a cell, side by side: input (if there are 4), forget, candidate, output
 * from_x, from_h, normal: multiplier and shift of each gate; peephole: of each gate but the candidate
 * guard:  least variance of each gate; peepholes, norms, projected: whether there are any
 * block: cells whose gates are computed at a time: one, or all of them if there are norms
 * hidden, project: multiplier, shift and zero point of what output * tanh(c), and a projection, give */
typedef struct {
    edgegen_steps steps;
    int32_t cells, gates, block, cell_bits, peepholes, norms, projected, clip, projection_clip;
    int32_t from_x[8], from_h[8], peephole[6], normal[8], guard[4], hidden[3], project[3];
} edgegen_lstm_fixed;

EDGEGEN_INLINE int32_t edgegen_fixed_scaled(int32_t x, const int32_t *factor)
{
    return edgegen_requantize(x, factor[0], factor[1]);
}

/* a + b, limited to what s16 and s8 hold. */
EDGEGEN_INLINE int32_t edgegen_fixed_plus_s16(int32_t a, int32_t b)
{
    return edgegen_limit_s16(edgegen_clamp_s32(a, -65536, 65536) + b);
}

EDGEGEN_INLINE int32_t edgegen_fixed_plus_s8(int32_t a, int32_t b)
{
    return edgegen_clamp_s32(edgegen_clamp_s32(a, -512, 512) + b, -128, 127);
}

/* acc + the sum of x[depth] times every `apart`-th weight. */
EDGEGEN_INLINE int32_t edgegen_fixed_sum(const int8_t *x, int32_t depth, const int8_t *weights, int32_t apart,
                                         int32_t acc)
{
    for (int32_t k = 0; k < depth; k++) {
        acc += x[k] * weights[k * apart];
    }
    return acc;
}

/* z[cells][gates] of so many cells. Returns where their weights[cells][inputs + outputs][gates] end.
 * starts[cells][2][gates]: of sums over x and over h */
EDGEGEN_INLINE const int8_t *edgegen_fixed_gates(const edgegen_lstm_fixed *p, int32_t cells, const int8_t *x,
                                                 const int8_t *h, const int8_t *weights, const int32_t *starts,
                                                 int16_t *z)
{
    const int32_t n = p->gates, inputs = p->steps.inputs, outputs = p->steps.outputs;
    for (int32_t j = 0; j < cells; j++) {
        for (int32_t g = 0; g < n; g++) {
            const int32_t from_x = edgegen_fixed_sum(x, inputs, weights + g, n, starts[g]);
            const int32_t from_h = edgegen_fixed_sum(h, outputs, weights + inputs * n + g, n, starts[n + g]);
            const int32_t first = edgegen_limit_s16(edgegen_fixed_scaled(from_x, p->from_x + 2 * g));
            *z++ = (int16_t)edgegen_fixed_plus_s16(edgegen_fixed_scaled(from_h, p->from_h + 2 * g), first);
        }
        weights += (inputs + outputs) * n;
        starts += 2 * n;
    }
    return weights;
}

/* Adds cells from number `first` on, weighed, to gate g. `cell` is the first one; peepholes[all cells][gates - 1] */
EDGEGEN_INLINE void edgegen_fixed_peep(const edgegen_lstm_fixed *p, int32_t first, int32_t cells, int32_t g,
                                       int32_t peephole, const int16_t *peepholes, const int16_t *cell, int16_t *z)
{
    const int32_t n = p->gates;
    for (int32_t j = 0; j < cells; j++) {
        const int32_t product = peepholes[(n - 1) * (first + j) + peephole] * cell[j];
        const int32_t more = edgegen_fixed_scaled(product, p->peephole + 2 * peephole);
        z[n * j + g] = (int16_t)edgegen_fixed_plus_s16(more, z[n * j + g]);
    }
}

/* Gate g of all cells to mean 0 and variance 1 with 10 more fraction bits, then coefficients and biases.
 * norms[cells][gates], biases[cells][gates] */
EDGEGEN_INLINE void edgegen_fixed_normalize(const edgegen_lstm_fixed *p, int32_t g, const int16_t *norms,
                                            const int32_t *biases, int16_t *z)
{
    const int32_t n = p->gates, count = p->cells * n;
    int64_t sum = 0, squares = 0;
    for (int32_t i = g; i < count; i += n) {
        sum += z[i];
        squares += z[i] * z[i];
    }
    const int32_t mean = (int32_t)(sum * 1024 / p->cells);
    const int64_t wide = squares * ((1 << 20) / p->cells) - (int64_t)mean * mean;
    const int32_t variance = (int32_t)(wide / (1 << 20));
    const edgegen_factor inverse = edgegen_reciprocal_root(variance < 1 ? p->guard[g] : variance);
    for (int32_t i = g; i < count; i += n) {
        const int32_t normal = edgegen_requantize(1024 * z[i] - mean, inverse.multiplier, inverse.shift);
        const int64_t weighted = (int64_t)normal * norms[i] + biases[i];
        const int32_t rounded = (int32_t)((weighted > 0 ? weighted + 512 : weighted - 512) / 1024);
        z[i] = (int16_t)edgegen_limit_s16(edgegen_fixed_scaled(rounded, p->normal + 2 * g));
    }
}

/* The next state of cells from number `first` on, from all gates but the output's, which peepholes and norms complete.
 * `cell` is the first one. */
EDGEGEN_INLINE void edgegen_fixed_cells(const edgegen_lstm_fixed *p, int32_t first, int32_t cells,
                                        const int16_t *peepholes, const int16_t *norms, const int32_t *biases,
                                        int16_t *z, int16_t *cell)
{
    const int32_t n = p->gates, forget = n - 3;
    for (int32_t g = 0; p->peepholes != 0 && g <= forget; g++) {
        edgegen_fixed_peep(p, first, cells, g, g, peepholes, cell, z);
    }
    for (int32_t g = 0; p->norms != 0 && g < n - 1; g++) {
        edgegen_fixed_normalize(p, g, norms, biases, z);
    }
    for (int32_t j = 0; j < cells; j++) {
        const int16_t *const gate = z + n * j + forget;
        const int32_t keep = edgegen_fixed_logistic_s16(gate[0], 3), fresh = edgegen_fixed_tanh_s16(gate[1], 3);
        const int32_t enter = forget != 0 ? edgegen_fixed_logistic_s16(gate[-1], 3) : 32767 - keep;
        const int32_t kept = edgegen_wrap_s16(edgegen_rounding_shift_right(keep * cell[j], 15));
        const int32_t added = edgegen_wrap_s16(edgegen_rounding_shift_right(enter * fresh, 15 + p->cell_bits));
        const int32_t next = edgegen_limit_s16(kept + added);
        cell[j] = (int16_t)(p->clip != 0 ? edgegen_clamp_s32(next, -p->clip, p->clip) : next);
    }
    if (p->peepholes != 0) {
        edgegen_fixed_peep(p, first, cells, n - 1, n - 2, peepholes, cell, z);
    }
    if (p->norms != 0) {
        edgegen_fixed_normalize(p, n - 1, norms, biases, z);
    }
}

/* output * tanh(c) of so many cells. */
EDGEGEN_INLINE void edgegen_fixed_hidden(const edgegen_lstm_fixed *p, int32_t cells, const int16_t *z,
                                         const int16_t *cell, int8_t *hidden)
{
    for (int32_t j = 0; j < cells; j++) {
        const int32_t gate = edgegen_fixed_logistic_s16(z[p->gates * j + p->gates - 1], 3);
        const int32_t scaled = edgegen_fixed_scaled(gate * edgegen_fixed_tanh_s16(cell[j], p->cell_bits), p->hidden);
        hidden[j] = (int8_t)edgegen_fixed_plus_s8(scaled, p->hidden[2]);
    }
}

/* projection[outputs][cells]; projection_starts[outputs]: what the sums start from
 * y may lie over rows of x that were read
 * h, c: states before the first step, next_h, next_c: after the last, which may be h and c
 * scratch: z[block][gates] of s16, then hidden[cells] if it is projected */
EDGEGEN_KERNEL void lstm_fixed(const edgegen_lstm_fixed *p, const int8_t *x, const int8_t *h, const int16_t *c,
                               const int8_t *weights, const int32_t *starts, const int16_t *peepholes,
                               const int16_t *norms, const int32_t *biases, const int8_t *projection,
                               const int32_t *projection_starts, uint8_t *scratch, int8_t *y, int8_t *next_h,
                               int16_t *next_c)
{
    const edgegen_steps *const s = &p->steps;
    int16_t *const z = (int16_t *)(void *)scratch;
    if (next_c != c) {
        memcpy(next_c, c, (size_t)(s->batch * p->cells) * sizeof *c);
    }
    for (int32_t turn = 0; turn < s->count * s->batch; turn++) {
        const edgegen_step at = edgegen_step_of(s, turn);
        const int begins = edgegen_step_begins(s, at.time, s->count);
        const int8_t *const before = begins ? h + at.sequence * s->outputs : y + at.earlier * s->outputs;
        int8_t *const out = y + at.row * s->outputs;
        int8_t *const hidden = p->projected != 0 ? (int8_t *)(z + p->block * p->gates) : out;
        const int8_t *w = weights;
        for (int32_t j = 0; j < p->cells; j += p->block) {
            int16_t *const cell = next_c + at.sequence * p->cells + j;
            w = edgegen_fixed_gates(p, p->block, x + at.row * s->inputs, before, w, starts + 2 * p->gates * j, z);
            edgegen_fixed_cells(p, j, p->block, peepholes, norms, biases, z, cell);
            edgegen_fixed_hidden(p, p->block, z, cell, hidden + j);
        }
        for (int32_t o = 0; p->projected != 0 && o < s->outputs; o++) {
            const int8_t *const row = projection + o * p->cells;
            const int32_t sum = edgegen_fixed_sum(hidden, p->cells, row, 1, projection_starts[o]);
            const int32_t value = edgegen_fixed_plus_s8(edgegen_fixed_scaled(sum, p->project), p->project[2]);
            const int32_t limit = p->projection_clip;
            out[o] = (int8_t)(limit != 0 ? edgegen_clamp_s32(value, -limit, limit) : value);
        }
        if (edgegen_step_ends(s, at.time, s->count)) {
            memcpy(next_h + at.sequence * s->outputs, out, (size_t)s->outputs);
        }
    }
}

#endif
