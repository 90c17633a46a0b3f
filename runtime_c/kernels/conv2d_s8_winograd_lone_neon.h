/* One tile of Winograd's F(4x4, 3x3) on s8, 4 units at a time, with all sums in registers: only V takes scratch. */
#ifndef EDGEGEN_CONV2D_S8_WINOGRAD_LONE_NEON_H
#define EDGEGEN_CONV2D_S8_WINOGRAD_LONE_NEON_H

#include "kernels/conv2d_s8_winograd_tile_neon.h"
#include "simd/neon_tile.h"

#define EDGEGEN_WINOGRAD_TWO(sum, x, lane)                                                                             \
    {                                                                                                                  \
        const int16x8_t two = vld1q_s16(w + 4 * lane);                                                                 \
        sum = vmlal_laneq_s16(sum, vget_low_s16(two), x, lane);                                                        \
        sum = vmlal_high_laneq_s16(sum, two, x, lane + 1);                                                             \
    }

#define EDGEGEN_WINOGRAD_EIGHT(sum, x)                                                                                 \
    EDGEGEN_WINOGRAD_TWO(sum, x, 0)                                                                                    \
    EDGEGEN_WINOGRAD_TWO(sum, x, 2)                                                                                    \
    EDGEGEN_WINOGRAD_TWO(sum, x, 4)                                                                                    \
    EDGEGEN_WINOGRAD_TWO(sum, x, 6)                                                                                    \
    w += 32;                                                                                                           \
    EDGEGEN_TILE_KEEP_ORDER

/* The last 8 channels of line r of the column, or 16 of them, times 4 units */
#define EDGEGEN_WINOGRAD_LAST(sum, r)                                                                                  \
    {                                                                                                                  \
        const int16x8_t x = vld1q_s16(v + 6 * r * depth + k);                                                          \
        EDGEGEN_WINOGRAD_EIGHT(sum, x)                                                                                 \
    }
#define EDGEGEN_WINOGRAD_SIXTEEN(sum, r)                                                                               \
    {                                                                                                                  \
        const int16x8_t x0 = vld1q_s16(v + 6 * r * depth + k), x1 = vld1q_s16(v + 6 * r * depth + k + 8);              \
        EDGEGEN_WINOGRAD_EIGHT(sum, x0)                                                                                \
        EDGEGEN_WINOGRAD_EIGHT(sum, x1)                                                                                \
    }
#define EDGEGEN_WINOGRAD_LINES(CHANNELS)                                                                               \
    EDGEGEN_TILE_BEGIN(w)                                                                                              \
    CHANNELS(m0, 0)                                                                                                    \
    CHANNELS(m1, 1)                                                                                                    \
    CHANNELS(m2, 2)                                                                                                    \
    CHANNELS(m3, 3)                                                                                                    \
    CHANNELS(m4, 4)                                                                                                    \
    CHANNELS(m5, 5)

/* z: what A makes of the 6 sums of 4 units in one column, the second of which starts with `second`. v: the first of its
 * lines, 6 * depth apart; depth is a multiple of 8. w: [depth / 16][6][16][4] and, of the last 8, [6][8][4]. Returns the
 * next column's. */
EDGEGEN_INLINE const int16_t *edgegen_winograd_column_s8(const int16_t *v, int32_t depth, const int16_t *w,
                                                         int32x4_t second, int32x4_t z[4])
{
    const int32x4_t six = vdupq_n_s32(6), twenty_four = vdupq_n_s32(24);
    int32x4_t m0 = vdupq_n_s32(0), m1 = second, m2 = m0, m3 = m0, m4 = m0, m5 = m0;
    int32_t k = 0;
    for (; k + 16 <= depth; k += 16) {
        EDGEGEN_WINOGRAD_LINES(EDGEGEN_WINOGRAD_SIXTEEN)
    }
    if (k < depth) {
        EDGEGEN_WINOGRAD_LINES(EDGEGEN_WINOGRAD_LAST)
    }
    EDGEGEN_WINOGRAD_SHORTEN(m0, m1, m2, m3, m4, m5, z[0], z[1], z[2], z[3])
    return w;
}

/* Outputs of 4 units of one tile. v: [36][depth]; epilogue: bias, multiplier, shift of 4; rows, columns: those of the
 * tile that exist; row: elements from line to line of y; add, skip: as for edgegen_winograd_output_s8. w: columns 1, 2,
 * 3, 4, 0, 5, an order in which few sums are kept at a time. What the sum of line 1 and column 1 starts with adds 16
 * times that to every output before it is divided by 576. */
EDGEGEN_INLINE void edgegen_winograd_lone_s8(const edgegen_neon_output *out, const edgegen_linear_s8_neon *add,
                                             const int16_t *v, int32_t depth, const int16_t *w,
                                             const int32_t *epilogue, int32_t rows, int32_t columns, int32_t row,
                                             const int8_t *skip, int8_t *y)
{
    const int32x4_t zero = vdupq_n_s32(0);
    int32x4_t a[4], b[4], z[4][4];
    w = edgegen_winograd_column_s8(v + depth, depth, w, vmulq_n_s32(vld1q_s32(epilogue), 36), a);
    w = edgegen_winograd_column_s8(v + 2 * depth, depth, w, zero, b);
#define EDGEGEN_WINOGRAD_EACH_LINE(LINE) LINE(0) LINE(1) LINE(2) LINE(3)
#define EDGEGEN_WINOGRAD_LINE(r)                                                                                       \
    z[r][0] = vshlq_n_s32(vaddq_s32(a[r], b[r]), 2);                                                                   \
    z[r][1] = vshlq_n_s32(vsubq_s32(a[r], b[r]), 2);
    EDGEGEN_WINOGRAD_EACH_LINE(EDGEGEN_WINOGRAD_LINE)
#undef EDGEGEN_WINOGRAD_LINE
    w = edgegen_winograd_column_s8(v + 3 * depth, depth, w, zero, a);
    w = edgegen_winograd_column_s8(v + 4 * depth, depth, w, zero, b);
#define EDGEGEN_WINOGRAD_LINE(r)                                                                                       \
    {                                                                                                                  \
        const int32x4_t sum = vaddq_s32(a[r], b[r]), difference = vsubq_s32(a[r], b[r]);                               \
        z[r][2] = vaddq_s32(z[r][0], vshlq_n_s32(sum, 2));                                                             \
        z[r][3] = vaddq_s32(z[r][1], vshlq_n_s32(difference, 3));                                                      \
        z[r][0] = vaddq_s32(z[r][0], sum);                                                                             \
        z[r][1] = vaddq_s32(z[r][1], vshlq_n_s32(difference, 1));                                                      \
    }
    EDGEGEN_WINOGRAD_EACH_LINE(EDGEGEN_WINOGRAD_LINE)
#undef EDGEGEN_WINOGRAD_LINE
    w = edgegen_winograd_column_s8(v, depth, w, zero, a);
    edgegen_winograd_column_s8(v + 5 * depth, depth, w, zero, b);
    const int32x4_t six = vdupq_n_s32(6), twenty_four = vdupq_n_s32(24), ninth = vdupq_n_s32(954437177);
    const int32x4_t bias = zero;
    const edgegen_neon_factor factor = edgegen_neon_load_factor(epilogue + 4);
#define EDGEGEN_WINOGRAD_LINE(r)                                                                                       \
    if (rows > r) {                                                                                                    \
        z[r][0] = vmlaq_s32(z[r][0], a[r], six);                                                                       \
        z[r][3] = vmlaq_s32(z[r][3], b[r], twenty_four);                                                               \
        EDGEGEN_WINOGRAD_STORE_LINE(z[r][0], z[r][1], z[r][2], z[r][3], r * row)                                   \
    }
    EDGEGEN_WINOGRAD_EACH_LINE(EDGEGEN_WINOGRAD_LINE)
#undef EDGEGEN_WINOGRAD_LINE
#undef EDGEGEN_WINOGRAD_EACH_LINE
}

#endif
