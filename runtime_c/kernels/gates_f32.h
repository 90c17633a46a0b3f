/* Sums of the gates of recurrent layers on f32, portable. */
#ifndef EDGEGEN_GATES_F32_H
#define EDGEGEN_GATES_F32_H

#include "kernels/steps.h"

/* What a step multiplies with weights: x[inputs] and h[outputs], which may be empty. */
typedef struct {
    const float *x, *h;
    int32_t inputs, outputs;
} edgegen_taps_f32;

EDGEGEN_INLINE edgegen_taps_f32 edgegen_take_f32(const float *x, int32_t inputs, const float *h, int32_t outputs,
                                                 float *room)
{
    const edgegen_taps_f32 taps = {x, h, inputs, outputs};
    (void)room;
    return taps;
}

/* sums[units, rounded up to fours]: biases plus taps times weights. Returns where these units' weights end.
 *
 * stream: per four units bias[4], then [inputs + outputs][4] weights */
EDGEGEN_INLINE const float *edgegen_gates_f32(const edgegen_taps_f32 *taps, const float *stream, int32_t units,
                                              float *sums)
{
    for (int32_t o = 0; o < units; o += 4) {
        float a = stream[0], b = stream[1], c = stream[2], d = stream[3];
        stream += 4;
        for (int32_t k = 0; k < taps->inputs; k++, stream += 4) {
            a += taps->x[k] * stream[0];
            b += taps->x[k] * stream[1];
            c += taps->x[k] * stream[2];
            d += taps->x[k] * stream[3];
        }
        for (int32_t k = 0; k < taps->outputs; k++, stream += 4) {
            a += taps->h[k] * stream[0];
            b += taps->h[k] * stream[1];
            c += taps->h[k] * stream[2];
            d += taps->h[k] * stream[3];
        }
        sums[o] = a;
        sums[o + 1] = b;
        sums[o + 2] = c;
        sums[o + 3] = d;
    }
    return stream;
}

#endif
