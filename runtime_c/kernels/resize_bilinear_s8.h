/* Bilinear resizing of s8 in fixed point. */
#ifndef EDGEGEN_RESIZE_BILINEAR_S8_H
#define EDGEGEN_RESIZE_BILINEAR_S8_H

#include "kernels/resize.h"

/* rows[out_h][3], columns[out_w][3]: lower pixel, upper pixel, 1024ths from lower to upper. */
EDGEGEN_KERNEL void resize_bilinear_s8(const edgegen_resize *p, const int8_t *x, const uint16_t *rows,
                                       const uint16_t *columns, int8_t *y)
{
    for (int32_t n = 0; n < p->batch; n++) {
        for (int32_t oy = 0; oy < p->out_h; oy++) {
            const int8_t *upper = x + rows[3 * oy] * p->in_w * p->depth;
            const int8_t *lower = x + rows[3 * oy + 1] * p->in_w * p->depth;
            const int32_t fy = rows[3 * oy + 2];
            for (int32_t ox = 0; ox < p->out_w; ox++) {
                const int32_t left = columns[3 * ox] * p->depth, right = columns[3 * ox + 1] * p->depth;
                const int32_t fx = columns[3 * ox + 2];
                /* the weights sum to 2^20, so the sum needs 28 bits */
                const int32_t w00 = (1024 - fy) * (1024 - fx), w10 = fy * (1024 - fx);
                const int32_t w01 = (1024 - fy) * fx, w11 = fy * fx;
                for (int32_t c = 0; c < p->depth; c++) {
                    const int32_t sum = upper[left + c] * w00 + lower[left + c] * w10 + upper[right + c] * w01 +
                                        lower[right + c] * w11;
                    y[c] = (int8_t)((sum + (1 << 19) - (sum <= 0)) >> 20); /* half away from zero */
                }
                y += p->depth;
            }
        }
        x += p->in_h * p->in_w * p->depth;
    }
}

#endif
