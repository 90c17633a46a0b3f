/* Dense layer on f32 with FMLA. */
#ifndef EDGEGEN_DENSE_F32_NEON_H
#define EDGEGEN_DENSE_F32_NEON_H

#include "kernels/dense_neon.h"
#include "simd/neon_f32.h"

/* x[rows,depth] * weights + bias -> y[rows,units] */
EDGEGEN_KERNEL void dense_f32_neon(const edgegen_dense_f32_neon *p, const float *x, const float *weights,
                                   const float *bias, float *y)
{
    const edgegen_neon_rows rows = edgegen_neon_matrix(x, 4 * p->depth);
    edgegen_f32_multiply(&rows, &p->output, p->rows, p->tile, p->units, weights, bias, y);
}

#endif
