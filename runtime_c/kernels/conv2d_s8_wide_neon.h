/* Convolution on s8 for ARMv8.0 with windows of 8 bytes: one pixel of 8 channels. */
#ifndef EDGEGEN_CONV2D_S8_WIDE_NEON_H
#define EDGEGEN_CONV2D_S8_WIDE_NEON_H

#include "kernels/conv2d_neon.h"
#include "simd/neon_wide.h"

#define EDGEGEN_WIDE_TILES(count)                                                                                      \
    case count:                                                                                                        \
        for (int32_t i = 0; i < w->out_w; i += count) {                                                                \
            const int32_t first = edgegen_min_s32(i, w->out_w - count);                                                \
            edgegen_wide_tile(from, step, &p->output, first, count, groups, units, weights, epilogue, y);              \
        }                                                                                                              \
        break;

/* A row of pixels and one block of 4 * groups units. */
EDGEGEN_INLINE void edgegen_wide_row(const edgegen_conv2d_s8_neon *p, const int8_t *from, const int32_t groups,
                                     int32_t units, const int16_t *weights, const int32_t *epilogue, int8_t *y)
{
    const edgegen_neon_window *w = &p->window;
    const int32_t step = w->stride_w * w->pixel;
    switch (EDGEGEN_TILE_ROWS(p->tile)) {
    default:
        EDGEGEN_WIDE_TILES(1)
        EDGEGEN_TILE_FOR_SPEED(EDGEGEN_WIDE_TILES(2))
        EDGEGEN_TILE_FOR_SPEED(EDGEGEN_WIDE_TILES(3))
        EDGEGEN_WIDE_TILES(4)
        EDGEGEN_TILE_FOR_SPEED(EDGEGEN_WIDE_TILES(5))
        EDGEGEN_TILE_FOR_SPEED(EDGEGEN_WIDE_TILES(6))
    }
}
#undef EDGEGEN_WIDE_TILES

/* x[n,h,w,8] * weights -> y, the input's zero point folded into the bias. weights: s16, per block [8][units of it] */
EDGEGEN_KERNEL void conv2d_s8_wide_neon(const edgegen_conv2d_s8_neon *p, const int8_t *x, const int16_t *weights,
                                        const int32_t *epilogue, int8_t *y)
{
    const edgegen_neon_window *w = &p->window;
    const int32_t units = p->parts.units, wide = units >= 16 ? (units + 7) / 16 : 0;
    for (int32_t n = 0; n < p->batch; n++) {
        for (int32_t oy = 0; oy < p->out_h; oy++) {
            const int8_t *const from = x + oy * w->stride_h * w->row;
            const int16_t *block = weights;
            const int32_t *e = epilogue;
            for (int32_t b = 0; b < wide; b++) {
                edgegen_wide_row(p, from, 4, 16, block, e, y + edgegen_min_s32(16 * b, units - 16));
                block += 8 * 16;
                e += 48;
            }
            for (int32_t o = 16 * wide; o < units; o += 8) {
                const int32_t at = edgegen_max_s32(edgegen_min_s32(o, units - 8), 0);
                edgegen_wide_row(p, from, 2, edgegen_min_s32(units, 8), block, e, y + at);
                block += 8 * 8;
                e += 24;
            }
            y += w->out_w * p->output.step;
        }
        x += w->in_h * w->row;
    }
}

#endif
