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

/* The same for windows of any runs of at least 8 bytes, stored from unit `at` on. w: [runs][chunks][8][4 * groups]: what
 * is left of a run after 8 bytes at a time is one more chunk, its last 8 bytes, with weights of zero for those that are
 * read twice. sums: y holds s32, the sums as they are, else s8 */
EDGEGEN_INLINE void edgegen_wide_window_tile(const edgegen_neon_rows *in, const edgegen_neon_output *out, int32_t first,
                                             const int32_t rows, const int32_t groups, int32_t count, const int16_t *w,
                                             const int32_t *epilogue, const int32_t sums, int32_t at, void *y)
{
    int32x4_t a[6][4];
    EDGEGEN_TILE_BEGIN(epilogue)
    EDGEGEN_TILE_BEGIN(w)
    edgegen_tile_begin_s8(epilogue, groups, a);
    for (int32_t r = 0; r < in->runs; r++) {
        const int8_t *const from = (const int8_t *)in->run[r] + first * in->step;
        for (int32_t k = 0; k < in->bytes; k += 8) {
            const int8_t *const chunk = from + edgegen_min_s32(k, in->bytes - 8);
            edgegen_wide_accumulate_s8(chunk, in->step, rows, groups, w, a);
            w += 32 * groups;
        }
    }
    at += first * out->step;
    if (sums) {
        edgegen_tile_store_sums(a, rows, groups, count, out->step, (int32_t *)y + at);
    } else {
        edgegen_tile_finish_s8(a, rows, groups, count, epilogue, out, (int8_t *)y + at);
    }
}

/* All tiles of `count` rows and one block of units; the last tile steps back to stay inside. */
#define EDGEGEN_WIDE_WINDOWS(rows)                                                                                     \
    case rows:                                                                                                         \
        for (int32_t i = 0; i < count; i += rows) {                                                                    \
            edgegen_wide_window_tile(in, out, edgegen_min_s32(i, count - rows), rows, groups, units, w, epilogue,      \
                                     sums, at, y);                                                                     \
        }                                                                                                              \
        break;

EDGEGEN_INLINE void edgegen_wide_windows(const edgegen_neon_rows *in, const edgegen_neon_output *out, int32_t count,
                                         int32_t tile, const int32_t groups, int32_t units, const int16_t *w,
                                         const int32_t *epilogue, const int32_t sums, int32_t at, void *y)
{
    switch (EDGEGEN_TILE_ROWS(tile)) {
    default:
        EDGEGEN_WIDE_WINDOWS(1)
        EDGEGEN_TILE_FOR_SPEED(EDGEGEN_WIDE_WINDOWS(2))
        EDGEGEN_TILE_FOR_SPEED(EDGEGEN_WIDE_WINDOWS(3))
        EDGEGEN_WIDE_WINDOWS(4)
        EDGEGEN_TILE_FOR_SPEED(EDGEGEN_WIDE_WINDOWS(5))
        EDGEGEN_TILE_FOR_SPEED(EDGEGEN_WIDE_WINDOWS(6))
    }
}
#undef EDGEGEN_WIDE_WINDOWS

/* `count` rows of windows times all units -> y, s8 or, with `sums`, s32; units are packed in blocks of 16, then of 8. */
EDGEGEN_KERNEL void edgegen_wide_multiply(const edgegen_neon_rows *in, const edgegen_neon_output *out, int32_t count,
                                          int32_t tile, int32_t units, const int16_t *w, const int32_t *epilogue,
                                          const int32_t sums, void *y)
{
    const int32_t chunks = in->runs * ((in->bytes + 7) / 8), wide = units >= 16 ? (units + 7) / 16 : 0;
    for (int32_t b = 0; b < wide; b++) {
        edgegen_wide_windows(in, out, count, tile, 4, 16, w, epilogue, sums, edgegen_min_s32(16 * b, units - 16), y);
        w += 128 * chunks;
        epilogue += 48;
    }
    for (int32_t o = 16 * wide; o < units; o += 8) {
        const int32_t at = edgegen_max_s32(edgegen_min_s32(o, units - 8), 0);
        edgegen_wide_windows(in, out, count, tile, 2, edgegen_min_s32(units, 8), w, epilogue, sums, at, y);
        w += 64 * chunks;
        epilogue += 24;
    }
}

#endif
