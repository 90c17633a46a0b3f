/* Bilinear resizing of f32. */
#ifndef EDGEGEN_RESIZE_BILINEAR_F32_H
#define EDGEGEN_RESIZE_BILINEAR_F32_H

#include "kernels/resize.h"

/* rows[out_h][2], columns[out_w][2]: lower and upper pixel; the fractions say how far from lower to upper. */
EDGEGEN_KERNEL void resize_bilinear_f32(const edgegen_resize *p, const float *x, const uint16_t *rows,
                                        const float *row_fractions, const uint16_t *columns,
                                        const float *column_fractions, float *y)
{
    for (int32_t n = 0; n < p->batch; n++) {
        for (int32_t oy = 0; oy < p->out_h; oy++) {
            const float *upper = x + rows[2 * oy] * p->in_w * p->depth;
            const float *lower = x + rows[2 * oy + 1] * p->in_w * p->depth;
            const float fy = row_fractions[oy];
            for (int32_t ox = 0; ox < p->out_w; ox++) {
                const int32_t left = columns[2 * ox] * p->depth, right = columns[2 * ox + 1] * p->depth;
                const float fx = column_fractions[ox];
                for (int32_t c = 0; c < p->depth; c++) {
                    y[c] = upper[left + c] * (1.0f - fy) * (1.0f - fx) + lower[left + c] * fy * (1.0f - fx) +
                           upper[right + c] * (1.0f - fy) * fx + lower[right + c] * fy * fx;
                }
                y += p->depth;
            }
        }
        x += p->in_h * p->in_w * p->depth;
    }
}

#endif
