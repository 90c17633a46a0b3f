/* Bilinear resizing of f32, and of u8 in f32. */
#ifndef EDGEGEN_RESIZE_BILINEAR_F32_H
#define EDGEGEN_RESIZE_BILINEAR_F32_H

#include "kernels/resize.h"

/* Defines the kernel `name`. rows[out_h][2], columns[out_w][2]: lower and upper pixel; the fractions say how far from
 * lower to upper. Products are statements of their own, so that no compiler adds one up unrounded. */
#define EDGEGEN_RESIZE_BILINEAR_F32(name, type, rounding)                                                              \
    EDGEGEN_KERNEL void name(const edgegen_resize *p, const type *x, const uint16_t *rows,                             \
                             const float *row_fractions, const uint16_t *columns, const float *column_fractions,       \
                             type *y)                                                                                  \
    {                                                                                                                  \
        EDGEGEN_RESIZE_EACH(p, type,                                                                                   \
            const type *upper = image + rows[2 * oy] * p->in_w * p->depth;                                             \
            const type *lower = image + rows[2 * oy + 1] * p->in_w * p->depth;                                         \
            const float fy = row_fractions[oy];                                                                        \
            ,                                                                                                          \
            const int32_t left = columns[2 * ox] * p->depth;                                                           \
            const int32_t right = columns[2 * ox + 1] * p->depth;                                                      \
            const float fx = column_fractions[ox];                                                                     \
            for (int32_t c = 0; c < p->depth; c++) {                                                                   \
                const float upper_left = (float)upper[left + c] * (1.0f - fy) * (1.0f - fx);                           \
                const float lower_left = (float)lower[left + c] * fy * (1.0f - fx);                                    \
                const float upper_right = (float)upper[right + c] * (1.0f - fy) * fx;                                  \
                const float lower_right = (float)lower[right + c] * fy * fx;                                           \
                y[c] = (type)(upper_left + lower_left + upper_right + lower_right rounding);                           \
            })                                                                                                         \
    }

EDGEGEN_RESIZE_BILINEAR_F32(resize_bilinear_u8, uint8_t, +0.5f)
EDGEGEN_RESIZE_BILINEAR_F32(resize_bilinear_f32, float, )

#endif
