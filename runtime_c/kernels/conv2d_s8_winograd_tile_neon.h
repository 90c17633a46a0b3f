/* One tile of Winograd's F(4x4, 3x3) on s8: inputs -> V, and sums -> outputs. */
#ifndef EDGEGEN_CONV2D_S8_WINOGRAD_TILE_NEON_H
#define EDGEGEN_CONV2D_S8_WINOGRAD_TILE_NEON_H

#include "kernels/binary_neon.h"
#include "kernels/conv2d_winograd_neon.h"
#include "simd/unroll.h"

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

/* The 36 pixels of image x from (top, left) on, in all channels -> v, whose 36 numbers a channel are `step` elements
 * apart. Where some of them are padding, all are copied first to the second half of where their channels' numbers go: a
 * channel's number is written after those that it replaces were read. */
EDGEGEN_INLINE void edgegen_winograd_inputs_s8(const edgegen_winograd_neon *p, const int8_t *x, int32_t top, int32_t left,
                                               int16_t *v, int32_t step)
{
    const int8_t *from;
    int32_t row = p->in_w * p->depth, pixel = p->depth;
    if (top < 0 || left < 0 || top + 6 > p->in_h || left + 6 > p->in_w) {
        int8_t *const copy = (int8_t *)(void *)v + p->depth;
        row = 12 * step, pixel = 2 * step;
        for (int32_t i = 0; i < 6; i++) {
            EDGEGEN_UNROLL
            for (int32_t j = 0; j < 6; j++) {
                memset(copy + i * row + j * pixel, p->fill, (size_t)p->depth);
            }
        }
        for (int32_t i = edgegen_max_s32(-top, 0); i < edgegen_min_s32(6, p->in_h - top); i++)
        for (int32_t j = edgegen_max_s32(-left, 0); j < edgegen_min_s32(6, p->in_w - left); j++) {
            memcpy(copy + i * row + j * pixel, x + ((top + i) * p->in_w + left + j) * p->depth, (size_t)p->depth);
        }
        from = copy;
    } else {
        from = x + (top * p->in_w + left) * p->depth;
    }
    for (int32_t c = 0; c < p->depth; c += 8) {
        edgegen_winograd_input_s8(from + c, row, pixel, v + c, step);
    }
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
    const int32x4_t words = vreinterpretq_s32_s8(v);
    const int32_t w0 = vgetq_lane_s32(words, 0), w1 = vgetq_lane_s32(words, 1);
    const int32_t w2 = vgetq_lane_s32(words, 2), w3 = vgetq_lane_s32(words, 3);
    memcpy(y, &w0, sizeof w0);
    if (columns > 1) {
        memcpy(y + step, &w1, sizeof w1);
    }
    if (columns > 2) {
        memcpy(y + 2 * step, &w2, sizeof w2);
    }
    if (columns > 3) {
        memcpy(y + 3 * step, &w3, sizeof w3);
    }
}

/* 4 units of pixel k, which are 0 beyond `columns`; pixels are `step` elements apart. */
EDGEGEN_INLINE uint32x2_t edgegen_winograd_pixel_s8(const int8_t *x, int32_t k, int32_t columns, int32_t step)
{
    uint32_t word = 0;
    if (k < columns) {
        memcpy(&word, x + k * step, sizeof word);
    }
    return vreinterpret_u32_u64(vcreate_u64(word));
}

/* 4 units of each of up to 4 pixels, without their zero point, which the sum's offset makes up for; plus skip, whose
 * pixels are `step` elements apart */
EDGEGEN_INLINE int8x16_t edgegen_winograd_add_s8(const edgegen_neon_output *out, const edgegen_linear_s8_neon *add,
                                                 int32x4_t v0, int32x4_t v1, int32x4_t v2, int32x4_t v3,
                                                 const int8_t *skip, int32_t columns)
{
    const int32x4_t low = vdupq_n_s32(out->low - out->zero_point), high = vdupq_n_s32(out->high - out->zero_point);
    int32x4_t factors = edgegen_neon_linear_factors(add);
    EDGEGEN_TILE_NO_COPY(factors) /* else gcc loads them again for each product */
#define EDGEGEN_WINOGRAD_SKIP(k)                                                                                       \
    vmovl_s8(vreinterpret_s8_u32(vzip1_u32(edgegen_winograd_pixel_s8(skip, k, columns, out->step),                     \
                                           edgegen_winograd_pixel_s8(skip, k + 1, columns, out->step))))
    const int16x8_t left = EDGEGEN_WINOGRAD_SKIP(0), right = EDGEGEN_WINOGRAD_SKIP(2);
#undef EDGEGEN_WINOGRAD_SKIP
#define EDGEGEN_WINOGRAD_ADD(v, b) edgegen_neon_linear4(factors, vmaxq_s32(vminq_s32(v, high), low), b)
    const int16x4_t s0 = EDGEGEN_WINOGRAD_ADD(v0, vmovl_s16(vget_low_s16(left)));
    const int16x4_t s1 = EDGEGEN_WINOGRAD_ADD(v1, vmovl_high_s16(left));
    const int16x4_t s2 = EDGEGEN_WINOGRAD_ADD(v2, vmovl_s16(vget_low_s16(right)));
    const int16x4_t s3 = EDGEGEN_WINOGRAD_ADD(v3, vmovl_high_s16(right));
#undef EDGEGEN_WINOGRAD_ADD
    const int8x8_t sums = vqshrn_n_s16(vcombine_s16(s0, s1), 6);
    return edgegen_neon_linear_clamp(add, vqshrn_high_n_s16(sums, vcombine_s16(s2, s3), 6));
}

/* 4 pixels of sums, 576 times what they stand for, requantized and stored. */
#define EDGEGEN_WINOGRAD_FINISH(v)                                                                                     \
    edgegen_neon_scale(vaddq_s32(vshrq_n_s32(vmulq_s32(v, ninth), 6), bias), factor, out)
#define EDGEGEN_WINOGRAD_STORE_LINE(y0, y1, y2, y3, at)                                                                \
    {                                                                                                                  \
        const int32x4_t v0 = EDGEGEN_WINOGRAD_FINISH(y0), v1 = EDGEGEN_WINOGRAD_FINISH(y1);                            \
        const int32x4_t v2 = EDGEGEN_WINOGRAD_FINISH(y2), v3 = EDGEGEN_WINOGRAD_FINISH(y3);                            \
        int8x16_t line;                                                                                                \
        if (add != NULL) {                                                                                             \
            line = edgegen_winograd_add_s8(out, add, v0, v1, v2, v3, skip + (at), columns);                            \
        } else {                                                                                                       \
            line = edgegen_neon_narrow16(edgegen_neon_join(v0, v1), edgegen_neon_join(v2, v3), out);                   \
        }                                                                                                              \
        edgegen_winograd_store_s8(y + (at), line, columns, out->step);                                                 \
    }

/* Outputs of 4 units of one tile. m: the 36 sums, `step` elements apart; epilogue: bias, multiplier, shift of 4;
 * rows, columns: those of the tile that exist; row: elements from line to line of y
 * add: adds skip, which lies as y does, or is NULL; y may be skip, since a line of it is read before it is written */
EDGEGEN_INLINE void edgegen_winograd_output_s8(const edgegen_neon_output *out, const edgegen_linear_s8_neon *add,
                                               const int32_t *m, int32_t step, const int32_t *epilogue, int32_t rows,
                                               int32_t columns, int32_t row, const int8_t *skip, int8_t *y)
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
#define EDGEGEN_WINOGRAD_LINE(r)                                                                                       \
    if (rows > r) {                                                                                                    \
        int32x4_t y0, y1, y2, y3;                                                                                      \
        EDGEGEN_WINOGRAD_SHORTEN(z[r][0], z[r][1], z[r][2], z[r][3], z[r][4], z[r][5], y0, y1, y2, y3)                 \
        EDGEGEN_WINOGRAD_STORE_LINE(y0, y1, y2, y3, r * row)                                                       \
    }
    EDGEGEN_WINOGRAD_LINE(0)
    EDGEGEN_WINOGRAD_LINE(1)
    EDGEGEN_WINOGRAD_LINE(2)
    EDGEGEN_WINOGRAD_LINE(3)
#undef EDGEGEN_WINOGRAD_LINE
}

#endif
