/* Recurrent layers on f32 in all forms of ONNX, portable: activations with parameters, clipped sums, sequences of
 * their own lengths, weights that need not be known ahead of time. */
#ifndef EDGEGEN_RECURRENT_GENERAL_H
#define EDGEGEN_RECURRENT_GENERAL_H

#include "kernels/activation_f32.h"
#include "kernels/gates_f32.h"

/* After those of activation_f32.h, in the order of codegen/ops/recurrent.py. */
enum {
    EDGEGEN_AFFINE = EDGEGEN_LOGISTIC + 1,
    EDGEGEN_LEAKY_RELU,
    EDGEGEN_THRESHOLDED_RELU,
    EDGEGEN_SCALED_TANH,
    EDGEGEN_HARD_SIGMOID,
    EDGEGEN_ELU,
    EDGEGEN_SOFTSIGN,
    EDGEGEN_SOFTPLUS
};

typedef struct {
    int32_t kind;
    float alpha, beta;
} edgegen_activation;

/* cells: of one sequence; gates: of an LSTM, 3 if input is 1 - forget
 * reset_after: a GRU's reset gate weighs products with h rather than h
 * gate, candidate, result: activations; clip: of what they are given, may be infinite */
typedef struct {
    edgegen_steps steps;
    int32_t cells, gates, reset_after;
    edgegen_activation gate, candidate, result;
    float clip;
} edgegen_recurrent;

EDGEGEN_INLINE float edgegen_activated(const edgegen_activation *a, float x)
{
    switch (a->kind) {
    case EDGEGEN_AFFINE:
        return a->alpha * x + a->beta;
    case EDGEGEN_LEAKY_RELU:
        return x < 0.0f ? a->alpha * x : x;
    case EDGEGEN_THRESHOLDED_RELU:
        return x > a->alpha ? x : 0.0f;
    case EDGEGEN_SCALED_TANH:
        return a->alpha * edgegen_tanh_f32(a->beta * x);
    case EDGEGEN_HARD_SIGMOID:
        return edgegen_clamp_f32(a->alpha * x + a->beta, 0.0f, 1.0f);
    case EDGEGEN_ELU:
        return x < 0.0f ? a->alpha * expm1f(x) : x;
    case EDGEGEN_SOFTSIGN:
        return x / (1.0f + fabsf(x));
    case EDGEGEN_SOFTPLUS:
        return (x < 0.0f ? 0.0f : x) + log1pf(expf(-fabsf(x)));
    default:
        return edgegen_activation_f32(a->kind, x);
    }
}

/* A gate's activation, after its sum is clipped. */
EDGEGEN_INLINE float edgegen_gate(const edgegen_recurrent *p, const edgegen_activation *a, float sum)
{
    return edgegen_activated(a, edgegen_clamp_f32(sum, -p->clip, p->clip));
}

/* start plus x[count] times w[count] */
EDGEGEN_INLINE float edgegen_weighed(const float *x, const float *w, int32_t count, float start)
{
    float sums[4] = {start, 0.0f, 0.0f, 0.0f};
    int32_t k = 0;
    for (; k + 4 <= count; k += 4) {
        for (int32_t l = 0; l < 4; l++) {
            sums[l] += x[k + l] * w[k + l];
        }
    }
    for (; k < count; k++) {
        sums[0] += x[k] * w[k];
    }
    return sums[0] + sums[1] + (sums[2] + sums[3]);
}

EDGEGEN_INLINE int32_t edgegen_length(const edgegen_steps *s, const int32_t *lengths, int32_t sequence)
{
    return edgegen_clamp_s32(lengths[sequence], 0, s->count);
}

/* The state before a step, and after it: `next` at the sequence's last. A row behind the end of its sequence, for which
 * there is no state before it, gets zeros, as does the state of a sequence of no steps. */
EDGEGEN_INLINE const float *edgegen_before(const edgegen_steps *s, const edgegen_step *at, int32_t length,
                                           const float *h, float *y, float *next)
{
    const size_t size = (size_t)s->outputs * sizeof *y;
    if (at->time < length) {
        return edgegen_step_begins(s, at->time, length) ? h + at->sequence * s->outputs : y + at->earlier * s->outputs;
    }
    memset(y + at->row * s->outputs, 0, size);
    if (length == 0) {
        memset(next + at->sequence * s->outputs, 0, size);
    }
    return NULL;
}

EDGEGEN_INLINE void edgegen_after(const edgegen_steps *s, const edgegen_step *at, int32_t length, const float *out,
                                  float *next)
{
    if (edgegen_step_ends(s, at->time, length)) {
        memcpy(next + at->sequence * s->outputs, out, (size_t)s->outputs * sizeof *out);
    }
}

/* bias plus x times row `unit` of w[units][inputs] and h times that of r[units][outputs] */
EDGEGEN_INLINE float edgegen_sum(const edgegen_steps *s, const float *x, const float *h, const float *w, const float *r,
                                 const float *bias, int32_t unit)
{
    const float from_x = edgegen_weighed(x, w + unit * s->inputs, s->inputs, bias[unit]);
    return edgegen_weighed(h, r + unit * s->outputs, s->outputs, from_x);
}

/* y may lie over rows of x that were read, in this kernel and in those that follow. */
EDGEGEN_KERNEL void rnn_f32_general(const edgegen_recurrent *p, const float *x, const float *h, const float *w,
                                    const float *r, const float *bias, const int32_t *lengths, float *y, float *next)
{
    const edgegen_steps *const s = &p->steps;
    for (int32_t turn = 0; turn < s->count * s->batch; turn++) {
        const edgegen_step at = edgegen_step_of(s, turn);
        const int32_t length = edgegen_length(s, lengths, at.sequence);
        const float *const row = x + at.row * s->inputs, *const before = edgegen_before(s, &at, length, h, y, next);
        float *const out = y + at.row * s->outputs;
        if (before == NULL) {
            continue;
        }
        for (int32_t j = 0; j < p->cells; j++) {
            out[j] = edgegen_gate(p, &p->candidate, edgegen_sum(s, row, before, w, r, bias, j));
        }
        edgegen_after(s, &at, length, out, next);
    }
}

/* bias: of the update gate, the reset gate and the candidate, and of the candidate's products with h
 * scratch: floats of h as the reset gate weighs it */
EDGEGEN_KERNEL void gru_f32_general(const edgegen_recurrent *p, const float *x, const float *h, const float *w,
                                    const float *r, const float *bias, const int32_t *lengths, uint8_t *scratch,
                                    float *y, float *next)
{
    const edgegen_steps *const s = &p->steps;
    const int32_t n = p->cells;
    float *const weighed = (float *)(void *)scratch;
    for (int32_t turn = 0; turn < s->count * s->batch; turn++) {
        const edgegen_step at = edgegen_step_of(s, turn);
        const int32_t length = edgegen_length(s, lengths, at.sequence);
        const float *const row = x + at.row * s->inputs, *const before = edgegen_before(s, &at, length, h, y, next);
        float *const out = y + at.row * s->outputs;
        if (before == NULL) {
            continue;
        }
        for (int32_t j = 0; p->reset_after == 0 && j < n; j++) {
            weighed[j] = edgegen_gate(p, &p->gate, edgegen_sum(s, row, before, w, r, bias, n + j)) * before[j];
        }
        for (int32_t j = 0; j < n; j++) {
            const float *const columns = r + (2 * n + j) * n;
            const float update = edgegen_gate(p, &p->gate, edgegen_sum(s, row, before, w, r, bias, j));
            const float from_x = edgegen_weighed(row, w + (2 * n + j) * s->inputs, s->inputs, bias[2 * n + j]);
            float from_h;
            if (p->reset_after != 0) {
                const float reset = edgegen_gate(p, &p->gate, edgegen_sum(s, row, before, w, r, bias, n + j));
                from_h = reset * edgegen_weighed(before, columns, n, bias[3 * n + j]);
            } else {
                from_h = edgegen_weighed(weighed, columns, n, bias[3 * n + j]);
            }
            out[j] = (1.0f - update) * edgegen_gate(p, &p->candidate, from_x + from_h) + update * before[j];
        }
        edgegen_after(s, &at, length, out, next);
    }
}

/* peepholes: of all gates but the candidate, which stands before the last */
EDGEGEN_KERNEL void lstm_f32_general(const edgegen_recurrent *p, const float *x, const float *h, const float *c,
                                     const float *w, const float *r, const float *bias, const float *peepholes,
                                     const int32_t *lengths, float *y, float *next_h, float *next_c)
{
    const edgegen_steps *const s = &p->steps;
    const int32_t n = p->cells, forget = p->gates - 3;
    const float *const weights = peepholes + forget * n;
    if (next_c != c) {
        memcpy(next_c, c, (size_t)(s->batch * n) * sizeof *c);
    }
    for (int32_t turn = 0; turn < s->count * s->batch; turn++) {
        const edgegen_step at = edgegen_step_of(s, turn);
        const int32_t length = edgegen_length(s, lengths, at.sequence);
        const float *const row = x + at.row * s->inputs, *const before = edgegen_before(s, &at, length, h, y, next_h);
        float *const out = y + at.row * s->outputs, *const cell = next_c + at.sequence * n;
        if (length == 0) {
            memset(cell, 0, (size_t)n * sizeof *cell);
        }
        for (int32_t j = 0; before != NULL && j < n; j++) {
            const float to_keep = edgegen_sum(s, row, before, w, r, bias, forget * n + j) + weights[j] * cell[j];
            const float keep = edgegen_gate(p, &p->gate, to_keep);
            float enter = 1.0f - keep;
            if (forget != 0) {
                const float to_enter = edgegen_sum(s, row, before, w, r, bias, j) + peepholes[j] * cell[j];
                enter = edgegen_gate(p, &p->gate, to_enter);
            }
            const float fresh = edgegen_sum(s, row, before, w, r, bias, (forget + 1) * n + j);
            cell[j] = keep * cell[j] + enter * edgegen_gate(p, &p->candidate, fresh);
            const float leave = edgegen_sum(s, row, before, w, r, bias, (forget + 2) * n + j) + weights[n + j] * cell[j];
            out[j] = edgegen_gate(p, &p->gate, leave) * edgegen_activated(&p->result, cell[j]);
        }
        if (before != NULL) {
            edgegen_after(s, &at, length, out, next_h);
        }
    }
}

#endif
