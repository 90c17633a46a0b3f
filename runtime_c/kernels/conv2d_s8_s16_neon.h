/* Convolution on s8 with weights of s16, which hold u8 less a zero point, for ARMv8.0. */
#ifndef EDGEGEN_CONV2D_S8_S16_NEON_H
#define EDGEGEN_CONV2D_S8_S16_NEON_H

#include "kernels/conv2d_neon.h"
#include "simd/neon_wide.h"

/* y: s8 or, with `sums`, the s32 sums */
EDGEGEN_KERNEL void edgegen_conv2d_s8_s16_rows(const edgegen_conv2d_s8_neon *p, const int8_t *x, const int16_t *weights,
                                               const int32_t *epilogue, uint8_t *scratch, const int32_t sums,
                                               void *results)
{
    uint8_t *y = (uint8_t *)results;
    const int32_t size = sums ? 4 : 1;
    for (int32_t n = 0; n < p->batch; n++) {
        int32_t next = 0;
        for (int32_t oy = 0; oy < p->out_h; oy++) {
            edgegen_neon_rows rows = edgegen_neon_find_row(&p->window, (const uint8_t *)x, scratch, oy, &next);
            for (int32_t i = 0; i < p->parts.count; i++) {
                edgegen_wide_multiply(&rows, &p->output, p->window.out_w, p->tile, p->parts.units,
                                      weights + i * p->parts.weights, epilogue + i * p->parts.epilogue, sums,
                                      y + i * p->parts.y * size);
                edgegen_neon_next_part(&p->parts, &rows);
            }
            edgegen_take_turns(&p->parts, p->window.out_w, p->output.step, size, scratch, y);
            y += p->parts.row * size;
        }
        x += p->window.in_h * p->window.in_w * p->window.pixel;
    }
}

/* x[n,h,w,c] * weights -> y, windows read where they lie in x; the input's zero point is folded into the bias. */
EDGEGEN_KERNEL void conv2d_s8_s16_neon(const edgegen_conv2d_s8_neon *p, const int8_t *x, const int16_t *weights,
                                       const int32_t *epilogue, int8_t *y)
{
    edgegen_conv2d_s8_s16_rows(p, x, weights, epilogue, NULL, 0, y);
}

/* The same for windows that reach into padding or are gathered. */
EDGEGEN_KERNEL void conv2d_s8_s16_neon_scratch(const edgegen_conv2d_s8_neon *p, const int8_t *x, const int16_t *weights,
                                               const int32_t *epilogue, uint8_t *scratch, int8_t *y)
{
    edgegen_neon_fill_padding(&p->window, scratch);
    edgegen_conv2d_s8_s16_rows(p, x, weights, epilogue, scratch, 0, y);
}

/* The sums as they are. */
EDGEGEN_KERNEL void conv2d_s8_s16_s32_neon(const edgegen_conv2d_s8_neon *p, const int8_t *x, const int16_t *weights,
                                           const int32_t *epilogue, int32_t *y)
{
    edgegen_conv2d_s8_s16_rows(p, x, weights, epilogue, NULL, 1, y);
}

EDGEGEN_KERNEL void conv2d_s8_s16_s32_neon_scratch(const edgegen_conv2d_s8_neon *p, const int8_t *x,
                                                   const int16_t *weights, const int32_t *epilogue, uint8_t *scratch,
                                                   int32_t *y)
{
    edgegen_neon_fill_padding(&p->window, scratch);
    edgegen_conv2d_s8_s16_rows(p, x, weights, epilogue, scratch, 1, y);
}

#endif
