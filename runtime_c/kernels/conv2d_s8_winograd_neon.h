/* 3x3 convolution on s8 for ARMv8.0 as Winograd's F(4x4, 3x3) in integers: 36 products for 16 outputs of 9 taps.
 *
 * For one channel: with weights U = G g G' and inputs V = B d B', A (U * V) A' = 576 * the 4x4 outputs. A, B and G hold
 * whole numbers; |V| <= 12800 and |U| <= 6272 fit s16. Sums wrap around in s32, and so does the result: times the
 * inverse of 9 modulo 2^32 it is 64 * the output, which is exact for outputs below 2^25. */
#ifndef EDGEGEN_CONV2D_S8_WINOGRAD_NEON_H
#define EDGEGEN_CONV2D_S8_WINOGRAD_NEON_H

#include "kernels/conv2d_winograd_neon.h"
#include "simd/neon_wide.h"

/* Inputs of 8 channels: B d B' -> v, whose 36 numbers are `step` elements apart.
 * B: rows 4 0 -5 0 1 0, 0 4 4 -1 -1 0, 0 -4 4 1 -1 0, 0 -2 -1 2 1 0, 0 2 -1 -2 1 0, 0 4 0 -5 0 1 */
EDGEGEN_INLINE void edgegen_winograd_input_s8(const int8_t *x, int32_t row, int32_t pixel, int16_t *v, int32_t step)
{
    int16x8_t t[6][6];
#define EDGEGEN_WINOGRAD_ACROSS(r)                                                                                     \
    {                                                                                                                  \
        const int8_t *const from = x + r * row;                                                                        \
        const int8x8_t d0 = vld1_s8(from), d1 = vld1_s8(from + pixel), d2 = vld1_s8(from + 2 * pixel);                 \
        const int8x8_t d3 = vld1_s8(from + 3 * pixel), d4 = vld1_s8(from + 4 * pixel), d5 = vld1_s8(from + 5 * pixel); \
        const int16x8_t a = vsubl_s8(d4, d2), b = vsubl_s8(d3, d1), b2 = vshlq_n_s16(b, 1);                            \
        const int16x8_t e = vsubw_s8(vshll_n_s8(d2, 2), d4), f = vsubw_s8(vshll_n_s8(d1, 2), d3);                      \
        t[r][0] = vaddq_s16(a, vshlq_n_s16(vsubl_s8(d0, d2), 2));                                                      \
        t[r][1] = vaddq_s16(e, f);                                                                                     \
        t[r][2] = vsubq_s16(e, f);                                                                                     \
        t[r][3] = vaddq_s16(a, b2);                                                                                    \
        t[r][4] = vsubq_s16(a, b2);                                                                                    \
        t[r][5] = vsubq_s16(vsubl_s8(d5, d3), vshlq_n_s16(b, 2));                                                      \
    }
    EDGEGEN_WINOGRAD_ACROSS(0)
    EDGEGEN_WINOGRAD_ACROSS(1)
    EDGEGEN_WINOGRAD_ACROSS(2)
    EDGEGEN_WINOGRAD_ACROSS(3)
    EDGEGEN_WINOGRAD_ACROSS(4)
    EDGEGEN_WINOGRAD_ACROSS(5)
#undef EDGEGEN_WINOGRAD_ACROSS
#define EDGEGEN_WINOGRAD_DOWN(c)                                                                                       \
    {                                                                                                                  \
        const int16x8_t a = vsubq_s16(t[4][c], t[2][c]), b = vsubq_s16(t[3][c], t[1][c]), b2 = vshlq_n_s16(b, 1);      \
        const int16x8_t e = vsubq_s16(vshlq_n_s16(t[2][c], 2), t[4][c]);                                               \
        const int16x8_t f = vsubq_s16(vshlq_n_s16(t[1][c], 2), t[3][c]);                                               \
        vst1q_s16(v + c * step, vaddq_s16(a, vshlq_n_s16(vsubq_s16(t[0][c], t[2][c]), 2)));                            \
        vst1q_s16(v + (6 + c) * step, vaddq_s16(e, f));                                                                \
        vst1q_s16(v + (12 + c) * step, vsubq_s16(e, f));                                                               \
        vst1q_s16(v + (18 + c) * step, vaddq_s16(a, b2));                                                              \
        vst1q_s16(v + (24 + c) * step, vsubq_s16(a, b2));                                                              \
        vst1q_s16(v + (30 + c) * step, vsubq_s16(vsubq_s16(t[5][c], t[3][c]), vshlq_n_s16(b, 2)));                     \
    }
    EDGEGEN_WINOGRAD_DOWN(0)
    EDGEGEN_WINOGRAD_DOWN(1)
    EDGEGEN_WINOGRAD_DOWN(2)
    EDGEGEN_WINOGRAD_DOWN(3)
    EDGEGEN_WINOGRAD_DOWN(4)
    EDGEGEN_WINOGRAD_DOWN(5)
#undef EDGEGEN_WINOGRAD_DOWN
}

/* 4 outputs of 6 sums: rows of A 6 4 4 1 1 0, 0 4 -4 2 -2 0, 0 4 4 4 4 0, 0 4 -4 8 -8 24 */
#define EDGEGEN_WINOGRAD_SHORTEN(m0, m1, m2, m3, m4, m5, y0, y1, y2, y3)                                               \
    {                                                                                                                  \
        const int32x4_t p = vshlq_n_s32(vaddq_s32(m1, m2), 2), q = vshlq_n_s32(vsubq_s32(m1, m2), 2);                  \
        const int32x4_t r = vaddq_s32(m3, m4), s = vsubq_s32(m3, m4);                                                  \
        y0 = vmlaq_s32(vaddq_s32(p, r), m0, six);                                                                      \
        y1 = vaddq_s32(q, vshlq_n_s32(s, 1));                                                                          \
        y2 = vaddq_s32(p, vshlq_n_s32(r, 2));                                                                          \
        y3 = vmlaq_s32(vaddq_s32(q, vshlq_n_s32(s, 3)), m5, twenty_four);                                              \
    }

/* 4 units of each of up to 4 pixels, `step` elements apart. */
EDGEGEN_INLINE void edgegen_winograd_store_s8(int8_t *y, int8x16_t v, int32_t columns, int32_t step)
{
    int32_t words[4];
    vst1q_s32(words, vreinterpretq_s32_s8(v));
    for (int32_t c = 0; c < columns; c++) {
        memcpy(y + c * step, &words[c], sizeof *words);
    }
}

/* Outputs of 4 units of one tile. m: the 36 sums, `step` elements apart; epilogue: bias, multiplier, shift of 4;
 * rows, columns: those of the tile that exist; row: elements from line to line of y */
EDGEGEN_INLINE void edgegen_winograd_output_s8(const edgegen_neon_output *out, const int32_t *m, int32_t step,
                                               const int32_t *epilogue, int32_t rows, int32_t columns, int32_t row,
                                               int8_t *y)
{
    const int32x4_t six = vdupq_n_s32(6), twenty_four = vdupq_n_s32(24), ninth = vdupq_n_s32(954437177);
    int32x4_t z[4][6];
#define EDGEGEN_WINOGRAD_COLUMN(c)                                                                                     \
    {                                                                                                                  \
        const int32_t *const from = m + c * step;                                                                      \
        const int32x4_t m0 = vld1q_s32(from), m1 = vld1q_s32(from + 6 * step), m2 = vld1q_s32(from + 12 * step);       \
        const int32x4_t m3 = vld1q_s32(from + 18 * step), m4 = vld1q_s32(from + 24 * step);                            \
        const int32x4_t m5 = vld1q_s32(from + 30 * step);                                                              \
        EDGEGEN_WINOGRAD_SHORTEN(m0, m1, m2, m3, m4, m5, z[0][c], z[1][c], z[2][c], z[3][c])                           \
    }
    EDGEGEN_WINOGRAD_COLUMN(0)
    EDGEGEN_WINOGRAD_COLUMN(1)
    EDGEGEN_WINOGRAD_COLUMN(2)
    EDGEGEN_WINOGRAD_COLUMN(3)
    EDGEGEN_WINOGRAD_COLUMN(4)
    EDGEGEN_WINOGRAD_COLUMN(5)
#undef EDGEGEN_WINOGRAD_COLUMN
    const int32x4_t bias = vld1q_s32(epilogue);
    const edgegen_neon_factor factor = edgegen_neon_load_factor(epilogue + 4);
#define EDGEGEN_WINOGRAD_FINISH(v)                                                                                     \
    edgegen_neon_scale(vaddq_s32(vshrq_n_s32(vmulq_s32(v, ninth), 6), bias), factor, out)
#define EDGEGEN_WINOGRAD_LINE(r)                                                                                       \
    if (rows > r) {                                                                                                    \
        int32x4_t y0, y1, y2, y3;                                                                                      \
        EDGEGEN_WINOGRAD_SHORTEN(z[r][0], z[r][1], z[r][2], z[r][3], z[r][4], z[r][5], y0, y1, y2, y3)                 \
        const int16x8_t left = edgegen_neon_join(EDGEGEN_WINOGRAD_FINISH(y0), EDGEGEN_WINOGRAD_FINISH(y1));            \
        const int16x8_t right = edgegen_neon_join(EDGEGEN_WINOGRAD_FINISH(y2), EDGEGEN_WINOGRAD_FINISH(y3));           \
        edgegen_winograd_store_s8(y + r * row, edgegen_neon_narrow16(left, right, out), columns, out->step);           \
    }
    EDGEGEN_WINOGRAD_LINE(0)
    EDGEGEN_WINOGRAD_LINE(1)
    EDGEGEN_WINOGRAD_LINE(2)
    EDGEGEN_WINOGRAD_LINE(3)
#undef EDGEGEN_WINOGRAD_LINE
#undef EDGEGEN_WINOGRAD_FINISH
}
#undef EDGEGEN_WINOGRAD_SHORTEN

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
EDGEGEN_INLINE void edgegen_winograd_block_s8(const edgegen_conv2d_s8_winograd_neon *p, int32_t first, int32_t count,
                                              const int32_t tiles, const int32_t groups, const int16_t *v,
                                              const int16_t *w, const int32_t *epilogue, int32_t *m, int8_t *y)
{
    const edgegen_winograd_neon *image = &p->image;
    const int32_t across = (image->out_w + 3) / 4, step = p->output.step;
    edgegen_winograd_sums_s8(v, image->depth, tiles, groups, w, m);
    EDGEGEN_TILE_BEGIN(epilogue)
    EDGEGEN_TILE_KEEP_ORDER
    for (int32_t i = 0; i < count; i++) {
        const int32_t oy = (first + i) / across * 4, ox = (first + i) % across * 4;
        for (int32_t g = 0; g < groups; g++) {
            edgegen_winograd_output_s8(&p->output, m + 4 * (groups * i + g), 4 * groups * tiles, epilogue + 12 * g,
                                       image->out_h - oy, edgegen_min_s32(image->out_w - ox, 4), image->out_w * step,
                                       y + (oy * image->out_w + ox) * step + 4 * g);
        }
    }
}

#define EDGEGEN_WINOGRAD_TILES(count)                                                                                  \
    case count:                                                                                                        \
        edgegen_winograd_block_s8(p, first, found, count, groups, v, w, epilogue, m, y);                               \
        break;

EDGEGEN_INLINE void edgegen_winograd_units_s8(const edgegen_conv2d_s8_winograd_neon *p, int32_t first, int32_t found,
                                              const int32_t groups, const int16_t *v, const int16_t *w,
                                              const int32_t *epilogue, int32_t *m, int8_t *y)
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

/* x[n,h,w,c] * weights -> y, the input's zero point folded into the bias. scratch: the pixels of one tile, then V and
 * the sums of `tiles` tiles; units are in blocks of 16 and 8 as for other tiles (see codegen/ops/neon_tiles.py). */
EDGEGEN_KERNEL void conv2d_s8_winograd_neon(const edgegen_conv2d_s8_winograd_neon *p, const int8_t *x,
                                            const int16_t *weights, const int32_t *epilogue, uint8_t *scratch,
                                            int8_t *y)
{
    const edgegen_winograd_neon *image = &p->image;
    const int32_t across = (image->out_w + 3) / 4, all = across * ((image->out_h + 3) / 4);
    const int32_t depth = image->depth, units = p->output.step;
    const int32_t wide = units >= 16 ? (units + 7) / 16 : 0;
    int16_t *const v = (int16_t *)(void *)(scratch + (36 * depth + 15) / 16 * 16);
    int32_t *const m = (int32_t *)(void *)(v + 36 * depth * image->tiles);
    for (int32_t n = 0; n < image->batch; n++) {
        for (int32_t first = 0; first < all; first += image->tiles) {
            const int32_t found = edgegen_min_s32(image->tiles, all - first);
            for (int32_t i = 0; i < found; i++) {
                const int32_t top = (first + i) / across * 4 - image->pad_top;
                const int32_t left = (first + i) % across * 4 - image->pad_left;
                const edgegen_winograd_pixels patch =
                    edgegen_winograd_patch(image, (const uint8_t *)x, top, left, 6, scratch);
                for (int32_t c = 0; c < depth; c += 8) {
                    edgegen_winograd_input_s8((const int8_t *)patch.first + c, patch.row, depth, v + i * depth + c,
                                              image->tiles * depth);
                }
            }
            const int16_t *w = weights;
            const int32_t *e = epilogue;
            for (int32_t b = 0; b < wide; b++) {
                const int32_t o = edgegen_min_s32(16 * b, units - 16);
                edgegen_winograd_units_s8(p, first, found, 4, v, w, e, m, y + o);
                w += 36 * 16 * depth;
                e += 48;
            }
            for (int32_t o = 16 * wide; o < units; o += 8) {
                edgegen_winograd_units_s8(p, first, found, 2, v, w, e, m, y + edgegen_min_s32(o, units - 8));
                w += 36 * 8 * depth;
                e += 24;
            }
        }
        x += image->in_h * image->in_w * depth;
        y += image->out_h * image->out_w * units;
    }
}

#endif
