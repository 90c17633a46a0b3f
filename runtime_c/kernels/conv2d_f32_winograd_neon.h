/* 3x3 convolution on f32 for AArch64 as Winograd's F(2x2, 3x3): 16 products for 4 outputs of 9 taps.
 *
 * For one channel: with weights U = G g G' and inputs V = B d B' the 2x2 outputs are A (U * V) A'.
 * B: rows 1 0 -1 0, 0 1 1 0, 0 -1 1 0, 0 1 0 -1. A: rows 1 1 1 0, 0 1 -1 -1. Only sums, so little accuracy is lost. */
#ifndef EDGEGEN_CONV2D_F32_WINOGRAD_NEON_H
#define EDGEGEN_CONV2D_F32_WINOGRAD_NEON_H

#include "kernels/conv2d_winograd_neon.h"
#include "simd/neon_f32.h"

/* Inputs of 4 channels -> v, whose 16 numbers are `step` elements apart. */
EDGEGEN_INLINE void edgegen_winograd_input_f32(const float *x, int32_t row, int32_t pixel, float *v, int32_t step)
{
    float32x4_t t[4][4];
#define EDGEGEN_WINOGRAD_ACROSS(r)                                                                                     \
    {                                                                                                                  \
        const float *const from = x + r * row;                                                                         \
        const float32x4_t d0 = vld1q_f32(from), d1 = vld1q_f32(from + pixel);                                          \
        const float32x4_t d2 = vld1q_f32(from + 2 * pixel), d3 = vld1q_f32(from + 3 * pixel);                          \
        t[r][0] = vsubq_f32(d0, d2);                                                                                   \
        t[r][1] = vaddq_f32(d1, d2);                                                                                   \
        t[r][2] = vsubq_f32(d2, d1);                                                                                   \
        t[r][3] = vsubq_f32(d1, d3);                                                                                   \
    }
    EDGEGEN_WINOGRAD_ACROSS(0)
    EDGEGEN_WINOGRAD_ACROSS(1)
    EDGEGEN_WINOGRAD_ACROSS(2)
    EDGEGEN_WINOGRAD_ACROSS(3)
#undef EDGEGEN_WINOGRAD_ACROSS
#define EDGEGEN_WINOGRAD_DOWN(c)                                                                                       \
    vst1q_f32(v + c * step, vsubq_f32(t[0][c], t[2][c]));                                                              \
    vst1q_f32(v + (4 + c) * step, vaddq_f32(t[1][c], t[2][c]));                                                        \
    vst1q_f32(v + (8 + c) * step, vsubq_f32(t[2][c], t[1][c]));                                                        \
    vst1q_f32(v + (12 + c) * step, vsubq_f32(t[1][c], t[3][c]));
    EDGEGEN_WINOGRAD_DOWN(0)
    EDGEGEN_WINOGRAD_DOWN(1)
    EDGEGEN_WINOGRAD_DOWN(2)
    EDGEGEN_WINOGRAD_DOWN(3)
#undef EDGEGEN_WINOGRAD_DOWN
}

/* Outputs of 4 units of one tile. m: the 16 sums, `step` elements apart; rows, columns: whether the tile has a second
 * line and column; row, pixel: elements from line to line and from pixel to pixel of y */
EDGEGEN_INLINE void edgegen_winograd_output_f32(const edgegen_neon_output_f32 *out, const float *m, int32_t step,
                                                float32x4_t bias, int32_t rows, int32_t columns, int32_t row, float *y)
{
    float32x4_t z[2][4];
#define EDGEGEN_WINOGRAD_COLUMN(c)                                                                                     \
    {                                                                                                                  \
        const float32x4_t m0 = vld1q_f32(m + c * step), m1 = vld1q_f32(m + (4 + c) * step);                            \
        const float32x4_t m2 = vld1q_f32(m + (8 + c) * step), m3 = vld1q_f32(m + (12 + c) * step);                     \
        z[0][c] = vaddq_f32(vaddq_f32(m0, m1), m2);                                                                    \
        z[1][c] = vsubq_f32(vsubq_f32(m1, m2), m3);                                                                    \
    }
    EDGEGEN_WINOGRAD_COLUMN(0)
    EDGEGEN_WINOGRAD_COLUMN(1)
    EDGEGEN_WINOGRAD_COLUMN(2)
    EDGEGEN_WINOGRAD_COLUMN(3)
#undef EDGEGEN_WINOGRAD_COLUMN
#define EDGEGEN_WINOGRAD_LINE(r)                                                                                       \
    if (rows > r) {                                                                                                    \
        const float32x4_t left = vaddq_f32(vaddq_f32(z[r][0], z[r][1]), z[r][2]);                                      \
        const float32x4_t right = vsubq_f32(vsubq_f32(z[r][1], z[r][2]), z[r][3]);                                     \
        vst1q_f32(y + r * row, edgegen_neon_clamp_f32(vaddq_f32(left, bias), out));                                    \
        if (columns > 1) {                                                                                             \
            vst1q_f32(y + r * row + out->step, edgegen_neon_clamp_f32(vaddq_f32(right, bias), out));                   \
        }                                                                                                              \
    }
    EDGEGEN_WINOGRAD_LINE(0)
    EDGEGEN_WINOGRAD_LINE(1)
#undef EDGEGEN_WINOGRAD_LINE
}

/* All 16 sums of up to 6 tiles and 4 * groups units. v: [16][tiles][depth]; w: [16][depth][4 * groups];
 * m: [16][tiles][4 * groups] */
EDGEGEN_INLINE void edgegen_winograd_sums_f32(const float *v, int32_t depth, const int32_t rows, const int32_t groups,
                                              const float *w, float *m)
{
    for (int32_t position = 0; position < 16; position++) {
        float32x4_t a[6][4];
#define EDGEGEN_WINOGRAD_ZERO(r) a[r][0] = a[r][1] = a[r][2] = a[r][3] = vdupq_n_f32(0.0f)
        EDGEGEN_WINOGRAD_ZERO(0);
        EDGEGEN_WINOGRAD_ZERO(1);
        EDGEGEN_WINOGRAD_ZERO(2);
        EDGEGEN_WINOGRAD_ZERO(3);
        EDGEGEN_WINOGRAD_ZERO(4);
        EDGEGEN_WINOGRAD_ZERO(5);
#undef EDGEGEN_WINOGRAD_ZERO
        edgegen_neon_rows in;
        in.run[0] = (const uint8_t *)(const void *)v;
        in.runs = 1;
        in.bytes = in.step = 4 * depth;
        edgegen_f32_accumulate(&in, 0, rows, groups, w, a);
#define EDGEGEN_WINOGRAD_STORE(r)                                                                                      \
    if (rows > r) {                                                                                                    \
        vst1q_f32(m, a[r][0]);                                                                                         \
        vst1q_f32(m + 4, a[r][1]);                                                                                     \
        if (groups > 2) {                                                                                              \
            vst1q_f32(m + 8, a[r][2]);                                                                                 \
            vst1q_f32(m + 12, a[r][3]);                                                                                \
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

/* `found` tiles from number `first` on, and one block of 4 * groups units: products, then outputs. */
EDGEGEN_INLINE void edgegen_winograd_block_f32(const edgegen_conv2d_f32_winograd_neon *p, int32_t first, int32_t found,
                                               const int32_t tiles, const int32_t groups, const float *v,
                                               const float *w, const float *bias, float *m, float *y)
{
    const edgegen_winograd_neon *image = &p->image;
    const int32_t across = (image->out_w + 1) / 2, step = p->output.step;
    edgegen_winograd_sums_f32(v, image->depth, tiles, groups, w, m);
    EDGEGEN_TILE_BEGIN(bias)
    EDGEGEN_TILE_KEEP_ORDER
    for (int32_t i = 0; i < found; i++) {
        const int32_t oy = (first + i) / across * 2, ox = (first + i) % across * 2;
        for (int32_t g = 0; g < groups; g++) {
            edgegen_winograd_output_f32(&p->output, m + 4 * (groups * i + g), 4 * groups * tiles,
                                        vld1q_f32(bias + 4 * g), edgegen_winograd_left(image->out_h, oy, 2),
                                        edgegen_winograd_left(image->out_w, ox, 2), image->out_w * step, y + (oy * image->out_w + ox) * step + 4 * g);
        }
    }
}

#define EDGEGEN_WINOGRAD_TILES(count)                                                                                  \
    case count:                                                                                                        \
        edgegen_winograd_block_f32(p, first, found, count, groups, v, w, bias, m, y);                                  \
        break;

EDGEGEN_INLINE void edgegen_winograd_units_f32(const edgegen_conv2d_f32_winograd_neon *p, int32_t first, int32_t found,
                                               const int32_t groups, const float *v, const float *w, const float *bias,
                                               float *m, float *y)
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

/* x[n,h,w,c] * weights + bias -> y. scratch: the pixels of one tile, then V and the sums of `tiles` tiles; units are in
 * blocks of 16 and 8 as for other tiles (see codegen/ops/neon_tiles.py). */
EDGEGEN_KERNEL void conv2d_f32_winograd_neon(const edgegen_conv2d_f32_winograd_neon *p, const float *x,
                                             const float *weights, const float *bias, uint8_t *scratch, float *y)
{
    const edgegen_winograd_neon *image = &p->image;
    const int32_t across = (image->out_w + 1) / 2, all = across * ((image->out_h + 1) / 2);
    const int32_t depth = image->depth, units = p->output.step;
    const int32_t wide = units >= 16 ? (units + 7) / 16 : 0;
    float *const v = (float *)(void *)(scratch + 64 * depth);
    float *const m = v + 16 * depth * image->tiles;
    for (int32_t n = 0; n < image->batch; n++) {
        for (int32_t first = 0; first < all; first += image->tiles) {
            const int32_t found = edgegen_min_s32(image->tiles, all - first);
            for (int32_t i = 0; i < found; i++) {
                const int32_t top = (first + i) / across * 2 - image->pad_top;
                const int32_t left = (first + i) % across * 2 - image->pad_left;
                const edgegen_winograd_pixels patch =
                    edgegen_winograd_patch(image, (const uint8_t *)(const void *)x, top, left, 4, scratch);
                for (int32_t c = 0; c < depth; c += 4) {
                    edgegen_winograd_input_f32((const float *)(const void *)patch.first + c, patch.row / 4, depth,
                                               v + i * depth + c, image->tiles * depth);
                }
            }
            const float *w = weights, *b = bias;
            for (int32_t k = 0; k < wide; k++) {
                const int32_t o = edgegen_min_s32(16 * k, units - 16);
                edgegen_winograd_units_f32(p, first, found, 4, v, w, b, m, y + o);
                w += 16 * 16 * depth;
                b += 16;
            }
            for (int32_t o = 16 * wide; o < units; o += 8) {
                edgegen_winograd_units_f32(p, first, found, 2, v, w, b, m, y + edgegen_min_s32(o, units - 8));
                w += 16 * 8 * depth;
                b += 8;
            }
        }
        x += image->in_h * image->in_w * depth;
        y += image->out_h * image->out_w * units;
    }
}

#endif
