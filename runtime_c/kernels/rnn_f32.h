/* Simple recurrent layer on f32, portable. */
#ifndef EDGEGEN_RNN_F32_H
#define EDGEGEN_RNN_F32_H

#include "kernels/activation_f32.h"
#include "kernels/gates_f32.h"

/* block: units computed at a time; sums: where floats of scratch hold their sums */
typedef struct {
    edgegen_steps steps;
    int32_t block, activation, sums;
} edgegen_rnn;

/* Defines the kernel `name`, whose sums `add_up` computes from what `take` makes of x and h, as edgegen_gates_f32 and
 * edgegen_take_f32 do, and from a stream of `type`.
 *
 * y[steps], which may lie over rows of x that were read; h: state before the first step, next: after the last, which
 * may be h */
#define EDGEGEN_RNN_F32(name, type, taps_type, take, add_up)                                                           \
    EDGEGEN_KERNEL void name(const edgegen_rnn *p, const float *x, const float *h, const type *stream,                 \
                             uint8_t *scratch, float *y, float *next)                                                  \
    {                                                                                                                  \
        const edgegen_steps *const s = &p->steps;                                                                      \
        float *const room = (float *)(void *)scratch, *const sums = room + p->sums;                                    \
        for (int32_t turn = 0; turn < s->count * s->batch; turn++) {                                                   \
            const edgegen_step at = edgegen_step_of(s, turn);                                                          \
            const int begins = edgegen_step_begins(s, at.time, s->count);                                              \
            const float *const before = begins ? h + at.sequence * s->outputs : y + at.earlier * s->outputs;           \
            float *const out = y + at.row * s->outputs;                                                                \
            const taps_type taps = take(x + at.row * s->inputs, s->inputs, before, s->outputs, room);                  \
            const type *weights = stream;                                                                              \
            for (int32_t j = 0; j < s->outputs; j += p->block) {                                                       \
                const int32_t units = edgegen_step_part(s->outputs, p->block, j);                                      \
                weights = add_up(&taps, weights, units, sums);                                                         \
                for (int32_t o = 0; o < units; o++) {                                                                  \
                    out[j + o] = edgegen_activation_f32(p->activation, sums[o]);                                       \
                }                                                                                                      \
            }                                                                                                          \
            if (edgegen_step_ends(s, at.time, s->count)) {                                                             \
                memcpy(next + at.sequence * s->outputs, out, (size_t)s->outputs * sizeof *out);                        \
            }                                                                                                          \
        }                                                                                                              \
    }

EDGEGEN_RNN_F32(rnn_f32, float, edgegen_taps_f32, edgegen_take_f32, edgegen_gates_f32)

#endif
