/* Bilinear resizing of s8 and s16 in fixed point. */
#ifndef EDGEGEN_RESIZE_BILINEAR_FIXED_H
#define EDGEGEN_RESIZE_BILINEAR_FIXED_H

#include "kernels/resize.h"

/* Defines the kernel `name`. rows[out_h][3], columns[out_w][3]: lower pixel, upper pixel, 1024ths from lower to upper.
 * wide: holds the sums */
#define EDGEGEN_RESIZE_BILINEAR_FIXED(name, type, wide)                                                                \
    EDGEGEN_KERNEL void name(const edgegen_resize *p, const type *x, const uint16_t *rows,                             \
                             const uint16_t *columns, type *y)                                                         \
    {                                                                                                                  \
        EDGEGEN_RESIZE_EACH(p, type,                                                                                   \
            const type *upper = image + rows[3 * oy] * p->in_w * p->depth;                                             \
            const type *lower = image + rows[3 * oy + 1] * p->in_w * p->depth;                                         \
            const int32_t fy = rows[3 * oy + 2];                                                                       \
            ,                                                                                                          \
            const int32_t left = columns[3 * ox] * p->depth;                                                           \
            const int32_t right = columns[3 * ox + 1] * p->depth;                                                      \
            const int32_t fx = columns[3 * ox + 2];                                                                    \
            /* the weights sum to 2^20, so the sum needs 20 bits more than an element */                               \
            const int32_t w00 = (1024 - fy) * (1024 - fx);                                                             \
            const int32_t w10 = fy * (1024 - fx);                                                                      \
            const int32_t w01 = (1024 - fy) * fx;                                                                      \
            const int32_t w11 = fy * fx;                                                                               \
            for (int32_t c = 0; c < p->depth; c++) {                                                                   \
                const wide sum = (wide)upper[left + c] * w00 + (wide)lower[left + c] * w10 +                           \
                                 (wide)upper[right + c] * w01 + (wide)lower[right + c] * w11;                          \
                y[c] = (type)((sum + (1 << 19) - (sum <= 0)) >> 20); /* half away from zero */                         \
            })                                                                                                         \
    }

EDGEGEN_RESIZE_BILINEAR_FIXED(resize_bilinear_s8, int8_t, int32_t)
EDGEGEN_RESIZE_BILINEAR_FIXED(resize_bilinear_s16, int16_t, int64_t)

#endif
