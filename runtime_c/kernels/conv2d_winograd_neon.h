/* What the Winograd convolutions on AArch64 share: tiles of outputs of 3x3 windows that move pixel by pixel. */
#ifndef EDGEGEN_CONV2D_WINOGRAD_NEON_H
#define EDGEGEN_CONV2D_WINOGRAD_NEON_H

#include "simd/neon_tile.h"

/* pixel: bytes of a pixel of x
 * tiles: computed together, 1 to 6; of s8 also 0: one, 4 units at a time
 * fill:  byte that padding consists of */
typedef struct {
    int32_t batch, in_h, in_w, pixel, depth, out_h, out_w, pad_top, pad_left, tiles, fill;
} edgegen_winograd_neon;

typedef struct {
    edgegen_winograd_neon image;
    edgegen_neon_output output;
} edgegen_conv2d_s8_winograd_neon;

typedef struct {
    edgegen_winograd_neon image;
    edgegen_neon_output_f32 output;
} edgegen_conv2d_f32_winograd_neon;

/* Of a tile's `side` lines or columns from `at` on, how many exist: as is known ahead of time if all tiles are whole. */
EDGEGEN_INLINE int32_t edgegen_winograd_left(int32_t size, int32_t at, int32_t side)
{
    return size % side == 0 ? side : edgegen_min_s32(size - at, side);
}

/* Pixels of one tile: `row` bytes from line to line. */
typedef struct {
    const uint8_t *first;
    int32_t row;
} edgegen_winograd_pixels;

/* The side * side pixels of image x from (top, left) on: where they lie, or copied to `spare` with padding. */
EDGEGEN_INLINE edgegen_winograd_pixels edgegen_winograd_patch(const edgegen_winograd_neon *p, const uint8_t *x,
                                                              int32_t top, int32_t left, int32_t side, uint8_t *spare)
{
    if (top >= 0 && left >= 0 && top + side <= p->in_h && left + side <= p->in_w) {
        const edgegen_winograd_pixels inside = { x + (top * p->in_w + left) * p->pixel, p->in_w * p->pixel };
        return inside;
    }
    const int32_t first = edgegen_max_s32(left, 0), end = edgegen_min_s32(left + side, p->in_w);
    memset(spare, p->fill, (size_t)(side * side * p->pixel));
    for (int32_t r = edgegen_max_s32(-top, 0); r < edgegen_min_s32(side, p->in_h - top); r++) {
        memcpy(spare + (r * side + first - left) * p->pixel, x + ((top + r) * p->in_w + first) * p->pixel,
               (size_t)(edgegen_max_s32(end - first, 0) * p->pixel));
    }
    const edgegen_winograd_pixels patch = { spare, side * p->pixel };
    return patch;
}

#endif
