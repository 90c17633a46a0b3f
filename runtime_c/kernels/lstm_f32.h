/* Long short-term memory on f32, portable: how a step's sums become cells and outputs. */
#ifndef EDGEGEN_LSTM_F32_H
#define EDGEGEN_LSTM_F32_H

#include "kernels/activation_f32.h"
#include "kernels/gates_f32.h"

/* gates:      of a cell, side by side: input (if there are 4), forget, candidate, output
 * block:      cells whose gates are computed at a time, all of them if there are norms; they fill whole tiles of sums
 * candidate, result: activations of the candidate and of the cell; cell_clip, projection_clip: may be infinite
 * peepholes, norms: whether there are any; projected: units of a projection computed at a time, 0 if there is none
 * sums, hidden, last: where floats of scratch hold the gates' sums, what is projected, and sums of the projection */
typedef struct {
    edgegen_steps steps;
    int32_t cells, gates, block, candidate, result, peepholes, norms, projected, sums, hidden, last;
    float cell_clip, projection_clip;
} edgegen_lstm_f32;

/* Gate `gate` of all cells to mean 0 and variance 1, then coefficients and biases: norms[cells][gates][2]. */
EDGEGEN_INLINE void edgegen_lstm_normalize(const edgegen_lstm_f32 *p, int32_t gate, const float *norms, float *sums)
{
    const int32_t n = p->gates, count = p->cells * n;
    float mean = 0.0f, variance = 0.0f;
    for (int32_t i = gate; i < count; i += n) {
        mean += sums[i];
    }
    mean /= (float)p->cells;
    for (int32_t i = gate; i < count; i += n) {
        variance += (sums[i] - mean) * (sums[i] - mean);
    }
    const float inverse = 1.0f / sqrtf(variance / (float)p->cells + 1e-8f);
    for (int32_t i = gate; i < count; i += n) {
        sums[i] = (sums[i] - mean) * inverse * norms[2 * i] + norms[2 * i + 1];
    }
}

/* The next state of `cells` cells from number `first` on, from the sums of all gates but the output's. `cell` is the
 * first one; peepholes[all cells][gates - 1] */
EDGEGEN_INLINE void edgegen_lstm_cells(const edgegen_lstm_f32 *p, int32_t first, int32_t cells, const float *peepholes,
                                       const float *norms, float *sums, float *cell)
{
    const int32_t n = p->gates, forget = n - 3;
    for (int32_t j = 0; p->peepholes != 0 && j < cells; j++) {
        for (int32_t g = 0; g <= forget; g++) {
            sums[n * j + g] += peepholes[(n - 1) * (first + j) + g] * cell[j];
        }
    }
    for (int32_t g = 0; p->norms != 0 && g < n - 1; g++) {
        edgegen_lstm_normalize(p, g, norms, sums);
    }
    for (int32_t j = 0; j < cells; j++) {
        const float *const z = sums + n * j + forget;
        const float keep = edgegen_logistic_f32(z[0]), fresh = edgegen_activation_f32(p->candidate, z[1]);
        const float enter = forget != 0 ? edgegen_logistic_f32(z[-1]) : 1.0f - keep;
        cell[j] = edgegen_clamp_f32(keep * cell[j] + enter * fresh, -p->cell_clip, p->cell_clip);
    }
    for (int32_t j = 0; p->peepholes != 0 && j < cells; j++) {
        sums[n * j + n - 1] += peepholes[(n - 1) * (first + j) + n - 2] * cell[j];
    }
    if (p->norms != 0) {
        edgegen_lstm_normalize(p, n - 1, norms, sums);
    }
}

/* output * result(c) of `cells` cells. `hidden` may be `sums`: a cell's place among them has been read before it. */
EDGEGEN_INLINE void edgegen_lstm_hidden(const edgegen_lstm_f32 *p, int32_t cells, const float *sums, const float *cell,
                                        float *hidden)
{
    for (int32_t j = 0; j < cells; j++) {
        const float gate = edgegen_logistic_f32(sums[p->gates * j + p->gates - 1]);
        hidden[j] = gate * edgegen_activation_f32(p->result, cell[j]);
    }
}

/* Defines the kernel `name`, whose sums `add_up` computes from what `take` makes of x and h, as edgegen_gates_f32 and
 * edgegen_take_f32 do, and from streams of `type`.
 *
 * y[steps], which may lie over rows of x that were read; h, c: states before the first step, next_h, next_c: after the
 * last, which may be h and c; scratch: floats for `take`, then as the params say */
#define EDGEGEN_LSTM_F32(name, type, taps_type, take, add_up)                                                          \
    EDGEGEN_KERNEL void name(const edgegen_lstm_f32 *p, const float *x, const float *h, const float *c,                \
                             const type *stream, const float *peepholes, const float *norms, const type *projection,   \
                             uint8_t *scratch, float *y, float *next_h, float *next_c)                                 \
    {                                                                                                                  \
        const edgegen_steps *const s = &p->steps;                                                                      \
        float *const room = (float *)(void *)scratch, *const sums = room + p->sums, *const last = room + p->last;      \
        if (next_c != c) {                                                                                             \
            memcpy(next_c, c, (size_t)(s->batch * p->cells) * sizeof *c);                                              \
        }                                                                                                              \
        for (int32_t turn = 0; turn < s->count * s->batch; turn++) {                                                   \
            const edgegen_step at = edgegen_step_of(s, turn);                                                          \
            const int begins = edgegen_step_begins(s, at.time, s->count);                                              \
            const float *const before = begins ? h + at.sequence * s->outputs : y + at.earlier * s->outputs;           \
            float *const out = y + at.row * s->outputs, *const cell = next_c + at.sequence * p->cells;                 \
            float *const hidden = p->projected != 0 ? room + p->hidden : out;                                          \
            const taps_type taps = take(x + at.row * s->inputs, s->inputs, before, s->outputs, room);                  \
            const type *weights = stream;                                                                              \
            for (int32_t j = 0; j < p->cells; j += p->block) {                                                         \
                const int32_t cells = edgegen_step_part(p->cells, p->block, j);                                        \
                weights = add_up(&taps, weights, cells * p->gates, sums);                                              \
                edgegen_lstm_cells(p, j, cells, peepholes, norms, sums, cell + j);                                     \
                edgegen_lstm_hidden(p, cells, sums, cell + j, hidden + j);                                             \
            }                                                                                                          \
            if (p->projected != 0) {                                                                                   \
                const taps_type projecting = take(hidden, p->cells, NULL, 0, room);                                    \
                weights = projection;                                                                                  \
                for (int32_t j = 0; j < s->outputs; j += p->projected) {                                               \
                    const int32_t units = edgegen_step_part(s->outputs, p->projected, j);                              \
                    weights = add_up(&projecting, weights, units, last);                                               \
                    for (int32_t o = 0; o < units; o++) {                                                              \
                        out[j + o] = edgegen_clamp_f32(last[o], -p->projection_clip, p->projection_clip);              \
                    }                                                                                                  \
                }                                                                                                      \
            }                                                                                                          \
            if (edgegen_step_ends(s, at.time, s->count)) {                                                             \
                memcpy(next_h + at.sequence * s->outputs, out, (size_t)s->outputs * sizeof *out);                      \
            }                                                                                                          \
        }                                                                                                              \
    }

EDGEGEN_LSTM_F32(lstm_f32, float, edgegen_taps_f32, edgegen_take_f32, edgegen_gates_f32)

#endif
