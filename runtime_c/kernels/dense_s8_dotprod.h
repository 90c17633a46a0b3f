/* Dense layer on s8 with SDOT. */
#ifndef EDGEGEN_DENSE_S8_DOTPROD_H
#define EDGEGEN_DENSE_S8_DOTPROD_H

#include "kernels/dense_neon.h"
#include "simd/neon_dotprod.h"

/* x[rows,depth] * weights -> y[rows,units], the input's zero point folded into the bias. */
EDGEGEN_KERNEL void dense_s8_dotprod(const edgegen_dense_s8_neon *p, const int8_t *x, const int8_t *weights,
                                     const int32_t *epilogue, int8_t *y)
{
    EDGEGEN_EACH(i, p->strips, p->backward) {
        const int32_t first = i * p->strip, count = edgegen_min_s32(p->strip, p->rows - first);
        const edgegen_neon_rows rows = edgegen_neon_matrix(x, first, p->depth);
        edgegen_dotprod_multiply(&rows, &p->output, count, p->tile, p->units, weights, epilogue, 0,
                                 y + first * p->output.step);
    }
}

/* The sums as they are. */
EDGEGEN_KERNEL void dense_s8_s32_dotprod(const edgegen_dense_s8_neon *p, const int8_t *x, const int8_t *weights,
                                         const int32_t *epilogue, int32_t *y)
{
    EDGEGEN_EACH(i, p->strips, p->backward) {
        const int32_t first = i * p->strip, count = edgegen_min_s32(p->strip, p->rows - first);
        const edgegen_neon_rows rows = edgegen_neon_matrix(x, first, p->depth);
        edgegen_dotprod_multiply(&rows, &p->output, count, p->tile, p->units, weights, epilogue, 1,
                                 y + first * p->output.step);
    }
}

#endif
