/* Weighted sums of elements along one axis, portable. */
#ifndef EDGEGEN_RESAMPLE_H
#define EDGEGEN_RESAMPLE_H

#include "edgegen.h"

/* x[outer, extent, inner] -> y[outer, count, inner]; backward: from the last slice of y to the first */
typedef struct {
    int32_t outer, extent, inner, count, taps, backward;
} edgegen_resample;

/* Defines a kernel: y[o, i] = sum of x[o, places[i][t]] * weights[i][t], of slices of `inner` elements. */
#define EDGEGEN_RESAMPLE(name, type)                                                                                   \
    EDGEGEN_KERNEL void name(const edgegen_resample *p, const type *x, const int32_t *places, const type *weights,     \
                             type *y)                                                                                  \
    {                                                                                                                  \
        const int32_t backward = p->backward, next = backward != 0 ? -p->inner : p->inner;                             \
        y += backward != 0 ? (p->outer * p->count - 1) * p->inner : 0;                                                 \
        EDGEGEN_EACH(o, p->outer, backward) {                                                                          \
            const type *const part = x + o * p->extent * p->inner;                                                     \
            EDGEGEN_EACH(i, p->count, backward) {                                                                      \
                for (int32_t t = 0; t < p->taps; t++) {                                                                \
                    const int32_t at = edgegen_clamp_s32(places[i * p->taps + t], 0, p->extent - 1);                   \
                    const type *from = part + at * p->inner;                                                           \
                    const type weight = weights[i * p->taps + t];                                                      \
                    for (int32_t k = 0; k < p->inner; k++) {                                                           \
                        y[k] = t == 0 ? from[k] * weight : y[k] + from[k] * weight;                                    \
                    }                                                                                                  \
                }                                                                                                      \
                y += next;                                                                                             \
            }                                                                                                          \
        }                                                                                                              \
    }

EDGEGEN_RESAMPLE(resample_f32, float)
EDGEGEN_RESAMPLE(resample_f64, double)

#endif
