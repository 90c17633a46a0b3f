/* Dense layer on f32 with FMLA. */
#ifndef EDGEGEN_DENSE_F32_NEON_H
#define EDGEGEN_DENSE_F32_NEON_H

#include "kernels/dense_neon.h"
#include "simd/neon_f32.h"

/* x[rows,depth] * weights + bias -> y[rows,units] */
EDGEGEN_KERNEL void dense_f32_neon(const edgegen_dense_f32_neon *p, const float *x, const float *weights,
                                   const float *bias, float *y)
{
    EDGEGEN_EACH(i, p->strips, p->backward) {
        const int32_t first = i * p->strip, count = edgegen_min_s32(p->strip, p->rows - first);
        const edgegen_neon_rows rows = edgegen_neon_matrix(x, first, 4 * p->depth);
        edgegen_f32_multiply(&rows, &p->output, count, p->tile, p->units, weights, bias, y + first * p->output.step);
    }
}

#endif
