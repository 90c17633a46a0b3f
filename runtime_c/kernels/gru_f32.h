/* Gated recurrent units on f32, portable. */
#ifndef EDGEGEN_GRU_F32_H
#define EDGEGEN_GRU_F32_H

#include "kernels/activation_f32.h"
#include "kernels/gates_f32.h"

/* both:        update and reset gates, and units: outputs, each rounded up to what the sums are computed in
 * reset_after: the reset gate weighs products with h rather than h
 * candidate:   its activation; sums: floats in front of the sums in scratch */
typedef struct {
    edgegen_steps steps;
    int32_t both, units, reset_after, candidate, sums;
} edgegen_gru;

/* out = (1 - z) * candidate + z * before; products: those with h that the reset gate weighs, NULL if there are none */
EDGEGEN_INLINE void edgegen_gru_blend(const edgegen_gru *p, const float *z, const float *reset, const float *sums,
                                      const float *products, const float *before, float *out)
{
    for (int32_t j = 0; j < p->steps.outputs; j++) {
        const float sum = products == NULL ? sums[j] : sums[j] + reset[j] * products[j];
        const float fresh = edgegen_activation_f32(p->candidate, sum);
        out[j] = fresh + z[j] * (before[j] - fresh);
    }
}

/* Defines the kernel `name`, whose sums `gates` computes as edgegen_gates_f32 does.
 *
 * both: update and reset gates; candidate: of x and, unless reset_after, of h; products: of h if reset_after
 * scratch: floats for `gates`, the sums of both gates, of the candidate, and h as it is weighed or its products */
#define EDGEGEN_GRU_F32(name, gates)                                                                                   \
    EDGEGEN_KERNEL void name(const edgegen_gru *p, const float *x, const float *h, const float *both,                  \
                             const float *candidate, const float *products, uint8_t *scratch, float *y, float *next)   \
    {                                                                                                                  \
        const edgegen_steps *const s = &p->steps;                                                                      \
        const edgegen_steps only_x = {1, 1, s->inputs, 0, {0, 0, 0}, {0, 0, 0}};                                       \
        const edgegen_steps only_h = {1, 1, s->outputs, 0, {0, 0, 0}, {0, 0, 0}};                                      \
        float *const room = (float *)(void *)scratch, *const z = room + p->sums, *const reset = z + s->outputs;        \
        float *const sums = z + p->both, *const weighed = sums + p->units;                                             \
        for (int32_t b = 0; b < s->batch; b++) {                                                                       \
            const float *before = h + b * s->outputs;                                                                  \
            for (int32_t t = 0; t < s->count; t++) {                                                                   \
                const float *const row = x + s->x[0] + t * s->x[1] + b * s->x[2];                                      \
                float *const out = y + s->y[0] + t * s->y[1] + b * s->y[2];                                            \
                gates(s, row, before, both, p->both, room, z);                                                         \
                for (int32_t j = 0; j < 2 * s->outputs; j++) {                                                         \
                    z[j] = edgegen_logistic_f32(z[j]);                                                                 \
                }                                                                                                      \
                if (p->reset_after != 0) {                                                                             \
                    gates(&only_x, row, NULL, candidate, p->units, room, sums);                                        \
                    gates(&only_h, before, NULL, products, p->units, room, weighed);                                   \
                } else {                                                                                               \
                    for (int32_t j = 0; j < s->outputs; j++) {                                                         \
                        weighed[j] = reset[j] * before[j];                                                             \
                    }                                                                                                  \
                    gates(s, row, weighed, candidate, p->units, room, sums);                                           \
                }                                                                                                      \
                edgegen_gru_blend(p, z, reset, sums, p->reset_after != 0 ? weighed : NULL, before, out);               \
                before = out;                                                                                          \
            }                                                                                                          \
            memcpy(next + b * s->outputs, before, (size_t)s->outputs * sizeof *before);                                \
        }                                                                                                              \
    }

EDGEGEN_GRU_F32(gru_f32, edgegen_gates_f32)

#endif
