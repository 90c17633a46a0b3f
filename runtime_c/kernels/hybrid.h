/* Products of rows that were quantized at run time with s8 weights: what follows the sums. */
#ifndef EDGEGEN_HYBRID_H
#define EDGEGEN_HYBRID_H

#include "edgegen.h"

typedef struct {
    float low, high;
    int32_t weights_first; /* the order of the factors */
} edgegen_hybrid_output;

/* A sum of products as a float. row: scale of the quantized row; factors: scale of the weights, bias. Each step is a
 * statement, so that no compiler fuses two roundings into one. */
EDGEGEN_INLINE float edgegen_hybrid_result(const edgegen_hybrid_output *p, int32_t sum, float row, const float *factors)
{
    const float real = (float)sum;
    const float first = p->weights_first != 0 ? real * factors[0] : row * factors[0];
    const float scaled = first * (p->weights_first != 0 ? row : real);
    const float biased = scaled + factors[1];
    return edgegen_clamp_f32(biased, p->low, p->high);
}

/* Sums s32[pixels,units] that lie in y, of one quantized row or image, become floats: all have the same scale `row` and
 * zero point, which adds zero * sums[unit] to each; sums may be absent where that is 0. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_hybrid_finish(const edgegen_hybrid_output *output, int32_t pixels,
                                                                  int32_t units, float row, int32_t zero,
                                                                  const int32_t *sums, const float *factors, float *y)
{
    const edgegen_hybrid_output p = *output; /* what is written cannot be these */
    for (int32_t i = 0; i < pixels; i++) {
        for (int32_t o = 0; o < units; o++, y++) {
            int32_t sum;
            memcpy(&sum, y, sizeof sum);
            if (zero != 0) {
                sum -= zero * sums[o];
            }
            *y = edgegen_hybrid_result(&p, sum, row, factors + 2 * o);
        }
    }
}

#endif
