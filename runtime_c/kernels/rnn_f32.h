/* Simple recurrent layer on f32, portable. */
#ifndef EDGEGEN_RNN_F32_H
#define EDGEGEN_RNN_F32_H

#include "kernels/activation_f32.h"
#include "kernels/gates_f32.h"

/* units: outputs, rounded up to what the sums are computed in; sums: floats in front of them in scratch */
typedef struct {
    edgegen_steps steps;
    int32_t units, activation, sums;
} edgegen_rnn;

/* Defines the kernel `name`, whose sums `gates` computes as edgegen_gates_f32 does, from a stream of `type`.
 *
 * y[steps]; h: state before the first step, next: after the last, which may be h */
#define EDGEGEN_RNN_F32(name, type, gates)                                                                             \
    EDGEGEN_KERNEL void name(const edgegen_rnn *p, const float *x, const float *h, const type *stream,                 \
                             uint8_t *scratch, float *y, float *next)                                                  \
    {                                                                                                                  \
        const edgegen_steps *const s = &p->steps;                                                                      \
        float *const room = (float *)(void *)scratch, *const sums = room + p->sums;                                    \
        for (int32_t b = 0; b < s->batch; b++) {                                                                       \
            const float *before = h + b * s->outputs;                                                                  \
            for (int32_t t = 0; t < s->count; t++) {                                                                   \
                float *const out = y + s->y[0] + t * s->y[1] + b * s->y[2];                                            \
                gates(s, x + s->x[0] + t * s->x[1] + b * s->x[2], before, stream, p->units, room, sums);               \
                for (int32_t o = 0; o < s->outputs; o++) {                                                             \
                    out[o] = edgegen_activation_f32(p->activation, sums[o]);                                           \
                }                                                                                                      \
                before = out;                                                                                          \
            }                                                                                                          \
            memcpy(next + b * s->outputs, before, (size_t)s->outputs * sizeof *before);                                \
        }                                                                                                              \
    }

EDGEGEN_RNN_F32(rnn_f32, float, edgegen_gates_f32)

#endif
