/* 3x3 convolution on s8 for ARMv8.0 as Winograd's F(4x4, 3x3) in integers: 36 products for 16 outputs of 9 taps.
 *
 * For one channel: with weights U = G g G' and inputs V = B d B', A (U * V) A' = 576 * the 4x4 outputs. A, B and G hold
 * whole numbers; |V| <= 12800 and |U| <= 6272 fit s16. Sums wrap around in s32, and so does the result: times the
 * inverse of 9 modulo 2^32 it is 64 * the output, which is exact for outputs below 2^25. */
#ifndef EDGEGEN_CONV2D_S8_WINOGRAD_NEON_H
#define EDGEGEN_CONV2D_S8_WINOGRAD_NEON_H

#include "kernels/conv2d_s8_winograd_lone_neon.h"
#include "simd/neon_wide.h"

typedef struct {
    edgegen_conv2d_s8_winograd_neon convolution;
    edgegen_linear_s8_neon sum; /* of what the convolution gives, less its zero point, and the skip */
} edgegen_conv2d_sum_s8_winograd_neon;

/* All 36 sums of up to 6 tiles and 4 * groups units. v: [36][tiles][depth]; w: [36][depth][4 * groups];
 * m: [36][tiles][4 * groups] */
EDGEGEN_INLINE void edgegen_winograd_sums_s8(const int16_t *v, int32_t depth, const int32_t rows, const int32_t groups,
                                             const int16_t *w, int32_t *m)
{
    for (int32_t position = 0; position < 36; position++) {
        int32x4_t a[6][4];
#define EDGEGEN_WINOGRAD_ZERO(r) a[r][0] = a[r][1] = a[r][2] = a[r][3] = vdupq_n_s32(0)
        EDGEGEN_WINOGRAD_ZERO(0);
        EDGEGEN_WINOGRAD_ZERO(1);
        EDGEGEN_WINOGRAD_ZERO(2);
        EDGEGEN_WINOGRAD_ZERO(3);
        EDGEGEN_WINOGRAD_ZERO(4);
        EDGEGEN_WINOGRAD_ZERO(5);
#undef EDGEGEN_WINOGRAD_ZERO
        edgegen_wide_accumulate(v, depth, rows, groups, w, a);
#define EDGEGEN_WINOGRAD_STORE(r)                                                                                      \
    if (rows > r) {                                                                                                    \
        vst1q_s32(m, a[r][0]);                                                                                         \
        vst1q_s32(m + 4, a[r][1]);                                                                                     \
        if (groups > 2) {                                                                                              \
            vst1q_s32(m + 8, a[r][2]);                                                                                 \
            vst1q_s32(m + 12, a[r][3]);                                                                                \
        }                                                                                                              \
        m += 4 * groups;                                                                                               \
    }
        EDGEGEN_WINOGRAD_STORE(0)
        EDGEGEN_WINOGRAD_STORE(1)
        EDGEGEN_WINOGRAD_STORE(2)
        EDGEGEN_WINOGRAD_STORE(3)
        EDGEGEN_WINOGRAD_STORE(4)
        EDGEGEN_WINOGRAD_STORE(5)
#undef EDGEGEN_WINOGRAD_STORE
        v += rows * depth;
        w += 4 * groups * depth;
    }
}

/* `count` tiles from number `first` on, and one block of 4 * groups units: products, then outputs. */
EDGEGEN_INLINE void edgegen_winograd_block_s8(const edgegen_conv2d_s8_winograd_neon *p,
                                              const edgegen_linear_s8_neon *add, int32_t first, int32_t count,
                                              const int32_t tiles, const int32_t groups, const int16_t *v,
                                              const int16_t *w, const int32_t *epilogue, int32_t *m,
                                              const int8_t *skip, int8_t *y)
{
    const edgegen_winograd_neon *image = &p->image;
    const int32_t across = (image->out_w + 3) / 4, step = p->output.step;
    edgegen_winograd_sums_s8(v, image->depth, tiles, groups, w, m);
    EDGEGEN_TILE_BEGIN(epilogue)
    EDGEGEN_TILE_KEEP_ORDER
    for (int32_t i = 0; i < count; i++) {
        const int32_t oy = (first + i) / across * 4, ox = (first + i) % across * 4;
        for (int32_t g = 0; g < groups; g++) {
            const int32_t at = (oy * image->out_w + ox) * step + 4 * g;
            edgegen_winograd_output_s8(&p->output, add, m + 4 * (groups * i + g), 4 * groups * tiles,
                                       epilogue + 12 * g, edgegen_winograd_left(image->out_h, oy, 4),
                                       edgegen_winograd_left(image->out_w, ox, 4), image->out_w * step, skip + at,
                                       y + at);
        }
    }
}

#define EDGEGEN_WINOGRAD_TILES(count)                                                                                  \
    case count:                                                                                                        \
        edgegen_winograd_block_s8(p, add, first, found, count, groups, v, w, epilogue, m, skip, y);                    \
        break;

EDGEGEN_INLINE void edgegen_winograd_units_s8(const edgegen_conv2d_s8_winograd_neon *p,
                                              const edgegen_linear_s8_neon *add, int32_t first, int32_t found,
                                              const int32_t groups, const int16_t *v, const int16_t *w,
                                              const int32_t *epilogue, int32_t *m, const int8_t *skip, int8_t *y)
{
    switch (p->image.tiles) {
    default:
        EDGEGEN_WINOGRAD_TILES(1)
        EDGEGEN_WINOGRAD_TILES(2)
        EDGEGEN_WINOGRAD_TILES(3)
        EDGEGEN_WINOGRAD_TILES(4)
        EDGEGEN_WINOGRAD_TILES(5)
        EDGEGEN_WINOGRAD_TILES(6)
    }
}
#undef EDGEGEN_WINOGRAD_TILES

/* Tile number `first`, without room for its sums: V, then 4 units at a time. */
EDGEGEN_INLINE void edgegen_winograd_alone_s8(const edgegen_conv2d_s8_winograd_neon *p,
                                              const edgegen_linear_s8_neon *add, int32_t first, const int16_t *v,
                                              const int16_t *w, const int32_t *epilogue, const int8_t *skip,
                                              int8_t *y)
{
    const edgegen_winograd_neon *image = &p->image;
    const int32_t across = (image->out_w + 3) / 4, step = p->output.step;
    const int32_t oy = first / across * 4, ox = first % across * 4;
    for (int32_t o = 0; o < step; o += 4) {
        const int32_t at = (oy * image->out_w + ox) * step + edgegen_min_s32(o, step - 4);
        edgegen_winograd_lone_s8(&p->output, add, v, image->depth, w, epilogue,
                                 edgegen_winograd_left(image->out_h, oy, 4),
                                 edgegen_winograd_left(image->out_w, ox, 4), image->out_w * step, skip + at, y + at);
        w += 36 * 4 * image->depth;
        epilogue += 12;
    }
}

/* x[n,h,w,c] * weights -> y, the input's zero point folded into the bias; add: with skip, if it is not NULL. scratch: V
 * and the sums of `tiles` tiles; if that is 0, V of one. Units are in blocks of 16 and 8 as for other tiles (see
 * codegen/ops/neon_tiles.py) or of 4; where they are a multiple of 8, each is computed once. */
EDGEGEN_INLINE void edgegen_winograd_images_s8(const edgegen_conv2d_s8_winograd_neon *p,
                                               const edgegen_linear_s8_neon *add, const int8_t *x, const int8_t *skip,
                                               const int16_t *weights, const int32_t *epilogue, uint8_t *scratch,
                                               int8_t *y)
{
    const edgegen_winograd_neon *image = &p->image;
    const int32_t across = (image->out_w + 3) / 4, all = across * ((image->out_h + 3) / 4);
    const int32_t depth = image->depth, units = p->output.step, tiles = edgegen_max_s32(image->tiles, 1);
    const int32_t wide = units >= 16 ? (units + 7) / 16 : 0;
    int16_t *const v = (int16_t *)(void *)scratch;
    int32_t *const m = (int32_t *)(void *)(v + 36 * depth * tiles);
    for (int32_t n = 0; n < image->batch; n++) {
        for (int32_t first = 0; first < all; first += tiles) {
            const int32_t found = edgegen_min_s32(tiles, all - first);
            for (int32_t i = 0; i < found; i++) {
                edgegen_winograd_inputs_s8(image, x, (first + i) / across * 4 - image->pad_top,
                                           (first + i) % across * 4 - image->pad_left, v + i * depth, tiles * depth);
            }
            if (image->tiles == 0) {
                edgegen_winograd_alone_s8(p, add, first, v, weights, epilogue, skip, y);
                continue;
            }
            const int16_t *w = weights;
            const int32_t *e = epilogue;
            for (int32_t b = 0; b < wide; b++) {
                const int32_t o = edgegen_min_s32(16 * b, units - 16);
                edgegen_winograd_units_s8(p, add, first, found, 4, v, w, e, m, skip + o, y + o);
                w += 36 * 16 * depth;
                e += 48;
            }
            for (int32_t o = 16 * wide; o < units; o += 8) {
                const int32_t at = edgegen_min_s32(o, units - 8);
                edgegen_winograd_units_s8(p, add, first, found, 2, v, w, e, m, skip + at, y + at);
                w += 36 * 8 * depth;
                e += 24;
            }
        }
        x += image->in_h * image->in_w * depth;
        skip += image->out_h * image->out_w * units;
        y += image->out_h * image->out_w * units;
    }
}

EDGEGEN_KERNEL void conv2d_s8_winograd_neon(const edgegen_conv2d_s8_winograd_neon *p, const int8_t *x,
                                            const int16_t *weights, const int32_t *epilogue, uint8_t *scratch,
                                            int8_t *y)
{
    edgegen_winograd_images_s8(p, NULL, x, y, weights, epilogue, scratch, y);
}

/* The same, then the sum with skip, over which y may lie. */
EDGEGEN_KERNEL void conv2d_sum_s8_winograd_neon(const edgegen_conv2d_sum_s8_winograd_neon *p, const int8_t *x,
                                                const int8_t *skip, const int16_t *weights, const int32_t *epilogue,
                                                uint8_t *scratch, int8_t *y)
{
    edgegen_winograd_images_s8(&p->convolution, &p->sum, x, skip, weights, epilogue, scratch, y);
}

#endif
