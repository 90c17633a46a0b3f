/* Products of s16 rows and weights by lane: 4 of them an instruction, in s32 that wraps around. */
#ifndef EDGEGEN_SIMD_NEON_WIDE_H
#define EDGEGEN_SIMD_NEON_WIDE_H

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

/* a[r][g] += row r of x[rows][depth] times 4 * groups units; depth is a multiple of 8. w: [depth][4 * groups] */
EDGEGEN_INLINE void edgegen_wide_accumulate(const int16_t *from, int32_t depth, const int32_t rows,
                                            const int32_t groups, const int16_t *w, int32x4_t a[6][4])
{
    int16x8_t x[6];
    for (int32_t k = 0; k < depth; k += 8) {
        const int32_t step = depth;
        EDGEGEN_TILE_LOAD(vld1q_s16, from + k)
        EDGEGEN_WIDE_LANE(0)
        EDGEGEN_WIDE_LANE(1)
        EDGEGEN_WIDE_LANE(2)
        EDGEGEN_WIDE_LANE(3)
        EDGEGEN_WIDE_LANE(4)
        EDGEGEN_WIDE_LANE(5)
        EDGEGEN_WIDE_LANE(6)
        EDGEGEN_WIDE_LANE(7)
    }
}

#endif
