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

#endif
