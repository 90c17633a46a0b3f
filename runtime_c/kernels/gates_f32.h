/* Steps of recurrent layers, and the sums of their gates on f32, portable. */
#ifndef EDGEGEN_GATES_F32_H
#define EDGEGEN_GATES_F32_H

#include "edgegen.h"

/* A sequence of `count` steps: `inputs` elements of x give `outputs` of y, for each of `batch` sequences.
 * x, y: element of sequence 0 at the first step, elements to the next step, to the next sequence */
typedef struct {
    int32_t count, batch, inputs, outputs, x[3], y[3];
} edgegen_steps;

/* sums[units], a multiple of 4: biases plus x[inputs] and h[outputs] times weights; outputs may be 0.
 *
 * stream: per four units bias[4], then [inputs + outputs][4] weights */
EDGEGEN_INLINE void edgegen_gates_f32(const edgegen_steps *s, const float *x, const float *h, const float *stream,
                                      int32_t units, float *scratch, float *sums)
{
    (void)scratch;
    for (int32_t o = 0; o < units; o += 4) {
        float a = stream[0], b = stream[1], c = stream[2], d = stream[3];
        stream += 4;
        for (int32_t k = 0; k < s->inputs; k++, stream += 4) {
            a += x[k] * stream[0];
            b += x[k] * stream[1];
            c += x[k] * stream[2];
            d += x[k] * stream[3];
        }
        for (int32_t k = 0; k < s->outputs; k++, stream += 4) {
            a += h[k] * stream[0];
            b += h[k] * stream[1];
            c += h[k] * stream[2];
            d += h[k] * stream[3];
        }
        sums[o] = a;
        sums[o + 1] = b;
        sums[o + 2] = c;
        sums[o + 3] = d;
    }
}

#endif
