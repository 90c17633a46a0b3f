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

/* sums[units]: biases plus x times w[units][inputs] and h times r[units][outputs] */
EDGEGEN_INLINE void edgegen_sums(const edgegen_steps *s, const float *x, const float *h, const float *w, const float *r,
                                 const float *bias, int32_t units, float *sums)
{
    for (int32_t u = 0; u < units; u++) {
        const float from_x = edgegen_weighed(x, w + u * s->inputs, s->inputs, bias[u]);
        sums[u] = edgegen_weighed(h, r + u * s->outputs, s->outputs, from_x);
    }
}

EDGEGEN_INLINE int32_t edgegen_length(const edgegen_steps *s, const int32_t *lengths, int32_t b)
{
    return edgegen_clamp_s32(lengths[b], 0, s->count);
}

/* Zeros where sequence b has no steps. Returns its first one: they end at the last. */
EDGEGEN_INLINE int32_t edgegen_first_step(const edgegen_steps *s, int32_t length, int32_t b, float *y)
{
    const int32_t first = s->y[1] < 0 ? s->count - length : 0;
    for (int32_t t = 0; t < s->count; t++) {
        if (t < first || t >= first + length) {
            memset(y + s->y[0] + t * s->y[1] + b * s->y[2], 0, (size_t)s->outputs * sizeof *y);
        }
    }
    return first;
}

/* The state after a sequence's last step; zeros after none. */
EDGEGEN_INLINE void edgegen_leave(int32_t length, int32_t count, const float *state, float *next)
{
    if (length == 0) {
        memset(next, 0, (size_t)count * sizeof *next);
    } else {
        memmove(next, state, (size_t)count * sizeof *next);
    }
}

EDGEGEN_KERNEL void rnn_f32_general(const edgegen_recurrent *p, const float *x, const float *h, const float *w,
                                    const float *r, const float *bias, const int32_t *lengths, float *y, float *next)
{
    const edgegen_steps *const s = &p->steps;
    for (int32_t b = 0; b < s->batch; b++) {
        const int32_t length = edgegen_length(s, lengths, b), first = edgegen_first_step(s, length, b, y);
        const float *before = h + b * p->cells;
        for (int32_t t = first; t < first + length; t++) {
            float *const out = y + s->y[0] + t * s->y[1] + b * s->y[2];
            edgegen_sums(s, x + s->x[0] + t * s->x[1] + b * s->x[2], before, w, r, bias, p->cells, out);
            for (int32_t j = 0; j < p->cells; j++) {
                out[j] = edgegen_gate(p, &p->candidate, out[j]);
            }
            before = out;
        }
        edgegen_leave(length, p->cells, before, next + b * p->cells);
    }
}

/* bias: of the update gate, the reset gate and the candidate, and of the candidate's products with h
 * scratch: floats of three gates */
EDGEGEN_KERNEL void gru_f32_general(const edgegen_recurrent *p, const float *x, const float *h, const float *w,
                                    const float *r, const float *bias, const int32_t *lengths, uint8_t *scratch,
                                    float *y, float *next)
{
    const edgegen_steps *const s = &p->steps;
    const int32_t n = p->cells;
    float *const update = (float *)(void *)scratch, *const reset = update + n, *const weighed = reset + n;
    for (int32_t b = 0; b < s->batch; b++) {
        const int32_t length = edgegen_length(s, lengths, b), first = edgegen_first_step(s, length, b, y);
        const float *before = h + b * n;
        for (int32_t t = first; t < first + length; t++) {
            const float *const row = x + s->x[0] + t * s->x[1] + b * s->x[2];
            float *const out = y + s->y[0] + t * s->y[1] + b * s->y[2];
            edgegen_sums(s, row, before, w, r, bias, 2 * n, update);
            for (int32_t j = 0; j < n; j++) {
                update[j] = edgegen_gate(p, &p->gate, update[j]);
                reset[j] = edgegen_gate(p, &p->gate, reset[j]);
                weighed[j] = reset[j] * before[j];
            }
            for (int32_t j = 0; j < n; j++) {
                const float *const columns = r + (2 * n + j) * n;
                const float from_x = edgegen_weighed(row, w + (2 * n + j) * s->inputs, s->inputs, bias[2 * n + j]);
                const float *const state = p->reset_after != 0 ? before : weighed;
                const float from_h = edgegen_weighed(state, columns, n, bias[3 * n + j]);
                const float sum = from_x + (p->reset_after != 0 ? reset[j] * from_h : from_h);
                out[j] = (1.0f - update[j]) * edgegen_gate(p, &p->candidate, sum) + update[j] * before[j];
            }
            before = out;
        }
        edgegen_leave(length, n, before, next + b * n);
    }
}

/* peepholes: of all gates but the candidate, which stands before the last; scratch: floats of all gates */
EDGEGEN_KERNEL void lstm_f32_general(const edgegen_recurrent *p, const float *x, const float *h, const float *c,
                                     const float *w, const float *r, const float *bias, const float *peepholes,
                                     const int32_t *lengths, uint8_t *scratch, float *y, float *next_h, float *next_c)
{
    const edgegen_steps *const s = &p->steps;
    const int32_t n = p->cells, forget = (p->gates - 3) * n;
    float *const sums = (float *)(void *)scratch;
    const float *const weights = peepholes + forget;
    for (int32_t b = 0; b < s->batch; b++) {
        const int32_t length = edgegen_length(s, lengths, b), first = edgegen_first_step(s, length, b, y);
        const float *before = h + b * n;
        float *const cell = next_c + b * n;
        edgegen_leave(length, n, c + b * n, cell);
        for (int32_t t = first; t < first + length; t++) {
            float *const out = y + s->y[0] + t * s->y[1] + b * s->y[2];
            edgegen_sums(s, x + s->x[0] + t * s->x[1] + b * s->x[2], before, w, r, bias, p->gates * n, sums);
            for (int32_t j = 0; j < n; j++) {
                const float *const z = sums + forget + j;
                const float keep = edgegen_gate(p, &p->gate, z[0] + weights[j] * cell[j]);
                const float enter = forget == 0 ? 1.0f - keep
                                                : edgegen_gate(p, &p->gate, sums[j] + peepholes[j] * cell[j]);
                cell[j] = keep * cell[j] + enter * edgegen_gate(p, &p->candidate, z[n]);
                const float leave = edgegen_gate(p, &p->gate, z[2 * n] + weights[n + j] * cell[j]);
                out[j] = leave * edgegen_activated(&p->result, cell[j]);
            }
            before = out;
        }
        edgegen_leave(length, n, before, next_h + b * n);
    }
}

#endif
