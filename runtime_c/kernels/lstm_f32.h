/* Long short-term memory on f32, portable: how a step's sums become cells and outputs. */
#ifndef EDGEGEN_LSTM_F32_H
#define EDGEGEN_LSTM_F32_H

#include "kernels/activation_f32.h"
#include "kernels/gates_f32.h"

/* gates:      of a cell, side by side: input (if there are 4), forget, candidate, output
 * units:      of all cells, rounded up to what the sums are computed in
 * candidate, result: activations of the candidate and of the cell; cell_clip, projection_clip: may be infinite
 * peepholes, norms: whether there are any; projected: floats of a projection's results, 0 if there is none
 * sums:       floats in front of the sums in scratch; projected ones follow them */
typedef struct {
    edgegen_steps steps;
    int32_t cells, gates, units, candidate, result, peepholes, norms, projected, sums;
    float cell_clip, projection_clip;
} edgegen_lstm_f32;

/* Gate `gate` of all cells to mean 0 and variance 1, then times its coefficients plus its biases: norms[cells][gates][2]. */
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

/* The cells' next state from the sums of all gates but the output's. peepholes[cells][gates - 1] */
EDGEGEN_INLINE void edgegen_lstm_cells(const edgegen_lstm_f32 *p, const float *peepholes, const float *norms,
                                       float *sums, float *cell)
{
    const int32_t n = p->gates, forget = n - 3;
    for (int32_t j = 0; p->peepholes != 0 && j < p->cells; j++) {
        for (int32_t g = 0; g <= forget; g++) {
            sums[n * j + g] += peepholes[(n - 1) * j + g] * cell[j];
        }
    }
    for (int32_t g = 0; p->norms != 0 && g < n - 1; g++) {
        edgegen_lstm_normalize(p, g, norms, sums);
    }
    for (int32_t j = 0; j < p->cells; j++) {
        const float *const z = sums + n * j + forget;
        const float keep = edgegen_logistic_f32(z[0]), fresh = edgegen_activation_f32(p->candidate, z[1]);
        const float enter = forget != 0 ? edgegen_logistic_f32(z[-1]) : 1.0f - keep;
        cell[j] = edgegen_clamp_f32(keep * cell[j] + enter * fresh, -p->cell_clip, p->cell_clip);
    }
    for (int32_t j = 0; p->peepholes != 0 && j < p->cells; j++) {
        sums[n * j + n - 1] += peepholes[(n - 1) * j + n - 2] * cell[j];
    }
    if (p->norms != 0) {
        edgegen_lstm_normalize(p, n - 1, norms, sums);
    }
}

/* output * result(c) of all cells. `hidden` may be `sums`: a cell's place among them has been read before it. */
EDGEGEN_INLINE void edgegen_lstm_hidden(const edgegen_lstm_f32 *p, const float *sums, const float *cell, float *hidden)
{
    for (int32_t j = 0; j < p->cells; j++) {
        const float gate = edgegen_logistic_f32(sums[p->gates * j + p->gates - 1]);
        hidden[j] = gate * edgegen_activation_f32(p->result, cell[j]);
    }
}

/* Defines the kernel `name`, whose sums `gates` computes as edgegen_gates_f32 does, from streams of `type`.
 *
 * y[steps]; h, c: states before the first step, next_h, next_c: after the last, which may be h and c
 * scratch: floats for `gates`, the sums, a projection's results */
#define EDGEGEN_LSTM_F32(name, type, gates)                                                                            \
    EDGEGEN_KERNEL void name(const edgegen_lstm_f32 *p, const float *x, const float *h, const float *c,                \
                             const type *stream, const float *peepholes, const float *norms, const type *projection,   \
                             uint8_t *scratch, float *y, float *next_h, float *next_c)                                 \
    {                                                                                                                  \
        const edgegen_steps *const s = &p->steps;                                                                      \
        const edgegen_steps projecting = {1, 1, p->cells, 0, {0, 0, 0}, {0, 0, 0}};                                    \
        float *const room = (float *)(void *)scratch, *const sums = room + p->sums, *const last = sums + p->units;     \
        if (next_c != c) {                                                                                             \
            memcpy(next_c, c, (size_t)(s->batch * p->cells) * sizeof *c);                                              \
        }                                                                                                              \
        for (int32_t b = 0; b < s->batch; b++) {                                                                       \
            const float *before = h + b * s->outputs;                                                                  \
            float *const cell = next_c + b * p->cells;                                                                 \
            for (int32_t t = 0; t < s->count; t++) {                                                                   \
                float *const out = y + s->y[0] + t * s->y[1] + b * s->y[2];                                            \
                gates(s, x + s->x[0] + t * s->x[1] + b * s->x[2], before, stream, p->units, room, sums);               \
                edgegen_lstm_cells(p, peepholes, norms, sums, cell);                                                   \
                edgegen_lstm_hidden(p, sums, cell, p->projected != 0 ? sums : out);                                    \
                if (p->projected != 0) {                                                                               \
                    gates(&projecting, sums, NULL, projection, p->projected, room, last);                              \
                    for (int32_t o = 0; o < s->outputs; o++) {                                                         \
                        out[o] = edgegen_clamp_f32(last[o], -p->projection_clip, p->projection_clip);                  \
                    }                                                                                                  \
                }                                                                                                      \
                before = out;                                                                                          \
            }                                                                                                          \
            memcpy(next_h + b * s->outputs, before, (size_t)s->outputs * sizeof *before);                              \
        }                                                                                                              \
    }

EDGEGEN_LSTM_F32(lstm_f32, float, edgegen_gates_f32)

#endif
