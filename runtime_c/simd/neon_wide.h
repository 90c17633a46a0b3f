/* Products of s16 rows and weights by lane: 4 of them an instruction, in s32 that wraps around. */
#ifndef EDGEGEN_SIMD_NEON_WIDE_H
#define EDGEGEN_SIMD_NEON_WIDE_H

#include "simd/neon_finish.h"
#include "simd/neon_tile.h"

#define EDGEGEN_WIDE_ROW(r, g, lane)                                                                                   \
    if (rows > r) {                                                                                                    \
        a[r][g] = vmlal_laneq_s16(a[r][g], vget_low_s16(wide), x[r], lane);                                            \
        a[r][g + 1] = vmlal_high_laneq_s16(a[r][g + 1], wide, x[r], lane);                                             \
    }

#define EDGEGEN_WIDE_HALF(g, lane)                                                                                     \
    if (groups > g) {                                                                                                  \
        const int16x8_t wide = vld1q_s16(w);                                                                           \
        EDGEGEN_WIDE_ROW(0, g, lane)                                                                                   \
        EDGEGEN_WIDE_ROW(1, g, lane)                                                                                   \
        EDGEGEN_WIDE_ROW(2, g, lane)                                                                                   \
        EDGEGEN_WIDE_ROW(3, g, lane)                                                                                   \
        EDGEGEN_WIDE_ROW(4, g, lane)                                                                                   \
        EDGEGEN_WIDE_ROW(5, g, lane)                                                                                   \
        w += 8;                                                                                                        \
    }

#define EDGEGEN_WIDE_LANE(lane)                                                                                        \
    EDGEGEN_WIDE_HALF(0, lane)                                                                                         \
    EDGEGEN_WIDE_HALF(2, lane)                                                                                         \
    EDGEGEN_TILE_KEEP_ORDER

#define EDGEGEN_WIDE_LANES                                                                                             \
    EDGEGEN_WIDE_LANE(0)                                                                                               \
    EDGEGEN_WIDE_LANE(1)                                                                                               \
    EDGEGEN_WIDE_LANE(2)                                                                                               \
    EDGEGEN_WIDE_LANE(3)                                                                                               \
    EDGEGEN_WIDE_LANE(4)                                                                                               \
    EDGEGEN_WIDE_LANE(5)                                                                                               \
    EDGEGEN_WIDE_LANE(6)                                                                                               \
    EDGEGEN_WIDE_LANE(7)

/* a[r][g] += row r of x[rows][depth] times 4 * groups units; depth is a multiple of 8. w: [depth][4 * groups] */
EDGEGEN_INLINE void edgegen_wide_accumulate(const int16_t *from, int32_t depth, const int32_t rows,
                                            const int32_t groups, const int16_t *w, int32x4_t a[6][4])
{
    int16x8_t x[6];
    for (int32_t k = 0; k < depth; k += 8) {
        const int32_t step = depth;
        EDGEGEN_TILE_LOAD(vld1q_s16, from + k)
        EDGEGEN_WIDE_LANES
    }
}

EDGEGEN_INLINE int16x8_t edgegen_wide_load(const int8_t *x)
{
    return vmovl_s8(vld1_s8(x));
}

/* a[r][g] += 8 bytes of row r, `step` bytes apart, times 4 * groups units. w: [8][4 * groups] */
EDGEGEN_INLINE void edgegen_wide_accumulate_s8(const int8_t *from, int32_t step, const int32_t rows,
                                               const int32_t groups, const int16_t *w, int32x4_t a[6][4])
{
    int16x8_t x[6];
    EDGEGEN_TILE_LOAD(edgegen_wide_load, from)
    EDGEGEN_WIDE_LANES
}

/* Rows `first` to first + rows - 1 of s8 x0[..][8], `step` bytes apart, times 4 * groups units, of which `count` are
 * stored. w: [8][4 * groups] */
EDGEGEN_INLINE void edgegen_wide_tile(const int8_t *x0, int32_t step, const edgegen_neon_output *out, int32_t first,
                                      const int32_t rows, const int32_t groups, int32_t count, const int16_t *w,
                                      const int32_t *epilogue, int8_t *y)
{
    int32x4_t a[6][4];
    EDGEGEN_TILE_BEGIN(epilogue)
    EDGEGEN_TILE_BEGIN(w)
    edgegen_tile_begin_s8(epilogue, groups, a);
    edgegen_wide_accumulate_s8(x0 + first * step, step, rows, groups, w, a);
    edgegen_tile_finish_s8(a, rows, groups, count, epilogue, out, y + first * out->step);
}

#endif
