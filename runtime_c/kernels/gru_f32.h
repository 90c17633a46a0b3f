/* Gated recurrent units on f32, portable. */
#ifndef EDGEGEN_GRU_F32_H
#define EDGEGEN_GRU_F32_H

#include "kernels/activation_f32.h"
#include "kernels/gates_f32.h"

/* block:       outputs computed at a time
 * reset_after: the reset gate weighs products with h rather than h
 * candidate:   its activation */
typedef struct {
    edgegen_steps steps;
    int32_t block, reset_after, candidate;
} edgegen_gru;

/* Defines the kernel `name`, whose sums `add_up` computes as edgegen_gates_f32 does.
 *
 * both: update and reset gate of each output; candidate: of x and, unless reset_after, of h; products: of h if
 * reset_after; scratch: floats of both gates, then of the candidate and of the products of a block if reset_after, else
 * of h as it is weighed; y[steps] may lie over rows of x that were read; next may be h */
#define EDGEGEN_GRU_F32(name, add_up)                                                                                  \
    /* Of one step, whose reset gate weighs products with h. */                                                        \
    EDGEGEN_INLINE void edgegen_##name##_after(const edgegen_gru *p, const float *row, const float *before,            \
                                               const float *both, const float *candidate, const float *products,       \
                                               float *sums, float *out)                                                \
    {                                                                                                                  \
        const int32_t inputs = p->steps.inputs, outputs = p->steps.outputs;                                            \
        const edgegen_taps_f32 x_and_h = {row, before, inputs, outputs}, x = {row, NULL, inputs, 0};                   \
        const edgegen_taps_f32 h = {before, NULL, outputs, 0};                                                         \
        float *const from_x = sums + 2 * p->block, *const from_h = from_x + p->block;                                  \
        for (int32_t j = 0; j < outputs; j += p->block) {                                                              \
            const int32_t units = edgegen_step_part(outputs, p->block, j);                                             \
            both = add_up(&x_and_h, both, 2 * units, sums);                                                            \
            candidate = add_up(&x, candidate, units, from_x);                                                          \
            products = add_up(&h, products, units, from_h);                                                            \
            for (int32_t o = 0; o < units; o++) {                                                                      \
                const float z = edgegen_logistic_f32(sums[2 * o]), reset = edgegen_logistic_f32(sums[2 * o + 1]);      \
                const float fresh = edgegen_activation_f32(p->candidate, from_x[o] + reset * from_h[o]);               \
                out[j + o] = fresh + z * (before[j + o] - fresh);                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    /* Of one step, whose reset gate weighs h: `out` holds the update gates until the candidates are there. */         \
    EDGEGEN_INLINE void edgegen_##name##_weighed(const edgegen_gru *p, const float *row, const float *before,          \
                                                 const float *both, const float *candidate, float *sums, float *out)   \
    {                                                                                                                  \
        const int32_t inputs = p->steps.inputs, outputs = p->steps.outputs;                                            \
        float *const weighed = sums + 2 * p->block;                                                                    \
        const edgegen_taps_f32 first = {row, before, inputs, outputs}, second = {row, weighed, inputs, outputs};       \
        for (int32_t j = 0; j < outputs; j += p->block) {                                                              \
            const int32_t units = edgegen_step_part(outputs, p->block, j);                                             \
            both = add_up(&first, both, 2 * units, sums);                                                              \
            for (int32_t o = 0; o < units; o++) {                                                                      \
                out[j + o] = edgegen_logistic_f32(sums[2 * o]);                                                        \
                weighed[j + o] = edgegen_logistic_f32(sums[2 * o + 1]) * before[j + o];                                \
            }                                                                                                          \
        }                                                                                                              \
        for (int32_t j = 0; j < outputs; j += p->block) {                                                              \
            const int32_t units = edgegen_step_part(outputs, p->block, j);                                             \
            candidate = add_up(&second, candidate, units, sums);                                                       \
            for (int32_t o = 0; o < units; o++) {                                                                      \
                const float fresh = edgegen_activation_f32(p->candidate, sums[o]);                                     \
                out[j + o] = fresh + out[j + o] * (before[j + o] - fresh);                                             \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    EDGEGEN_KERNEL void name(const edgegen_gru *p, const float *x, const float *h, const float *both,                  \
                             const float *candidate, const float *products, uint8_t *scratch, float *y, float *next)   \
    {                                                                                                                  \
        const edgegen_steps *const s = &p->steps;                                                                      \
        float *const sums = (float *)(void *)scratch;                                                                  \
        for (int32_t turn = 0; turn < s->count * s->batch; turn++) {                                                   \
            const edgegen_step at = edgegen_step_of(s, turn);                                                          \
            const int begins = edgegen_step_begins(s, at.time, s->count);                                              \
            const float *const before = begins ? h + at.sequence * s->outputs : y + at.earlier * s->outputs;           \
            float *const out = y + at.row * s->outputs;                                                                \
            if (p->reset_after != 0) {                                                                                 \
                edgegen_##name##_after(p, x + at.row * s->inputs, before, both, candidate, products, sums, out);       \
            } else {                                                                                                   \
                edgegen_##name##_weighed(p, x + at.row * s->inputs, before, both, candidate, sums, out);               \
            }                                                                                                          \
            if (edgegen_step_ends(s, at.time, s->count)) {                                                             \
                memcpy(next + at.sequence * s->outputs, out, (size_t)s->outputs * sizeof *out);                        \
            }                                                                                                          \
        }                                                                                                              \
    }

EDGEGEN_GRU_F32(gru_f32, edgegen_gates_f32)

#endif
