/* Weighted sums of elements along one axis, portable. */
#ifndef EDGEGEN_RESAMPLE_H
#define EDGEGEN_RESAMPLE_H

#include "edgegen.h"

/* x[outer, extent, inner] -> y[outer, count, inner] */
typedef struct {
    int32_t outer, extent, inner, count, taps;
} edgegen_resample;

/* Defines a kernel: y[o, i] = sum of x[o, places[i][t]] * weights[i][t], of slices of `inner` elements. */
#define EDGEGEN_RESAMPLE(name, type)                                                                                   \
    EDGEGEN_KERNEL void name(const edgegen_resample *p, const type *x, const int32_t *places, const type *weights,     \
                             type *y)                                                                                  \
    {                                                                                                                  \
        for (int32_t o = 0; o < p->outer; o++) {                                                                       \
            for (int32_t i = 0; i < p->count; i++) {                                                                   \
                for (int32_t t = 0; t < p->taps; t++) {                                                                \
                    const type *from = x + edgegen_clamp_s32(places[i * p->taps + t], 0, p->extent - 1) * p->inner;    \
                    const type weight = weights[i * p->taps + t];                                                      \
                    for (int32_t k = 0; k < p->inner; k++) {                                                           \
                        y[k] = t == 0 ? from[k] * weight : y[k] + from[k] * weight;                                    \
                    }                                                                                                  \
                }                                                                                                      \
                y += p->inner;                                                                                         \
            }                                                                                                          \
            x += p->extent * p->inner;                                                                                 \
        }                                                                                                              \
    }

EDGEGEN_RESAMPLE(resample_f32, float)
EDGEGEN_RESAMPLE(resample_f64, double)

#endif
