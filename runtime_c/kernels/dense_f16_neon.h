/* Dense layer on f16 with FMLA. */
#ifndef EDGEGEN_DENSE_F16_NEON_H
#define EDGEGEN_DENSE_F16_NEON_H

#include "kernels/dense_neon.h"
#include "simd/neon_f16.h"

/* x[rows,depth] * weights + bias -> y[rows,units] */
EDGEGEN_KERNEL void dense_f16_neon(const edgegen_dense_f32_neon *p, const uint16_t *x, const uint16_t *weights,
                                   const float *bias, uint16_t *y)
{
    EDGEGEN_EACH(i, p->strips, p->backward) {
        const int32_t first = i * p->strip, count = edgegen_min_s32(p->strip, p->rows - first);
        const edgegen_neon_rows rows = edgegen_neon_matrix(x, first, 2 * p->depth);
        const edgegen_f16_shape shape = { 1, p->depth, p->depth };
        edgegen_f16_multiply(&rows, shape, &p->output, count, p->tile, p->units, weights, bias,
                             y + first * p->output.step);
    }
}

#endif
