/* Products of s8 rows and weights with SDOT. */
#ifndef EDGEGEN_SIMD_NEON_DOTPROD_H
#define EDGEGEN_SIMD_NEON_DOTPROD_H

#include "simd/neon_finish.h"
#include "simd/neon_tile.h"

#define EDGEGEN_DOT_LANE(lane) EDGEGEN_TILE_LANE(int8x16_t, vld1q_s8, 16, vdotq_laneq_s32, lane)

/* a[r][g] += rows first to first + rows - 1 of x times 4 * groups units.
 * w: [runs][lanes][4 * groups][4]. What is left of a run after 16 bytes at a time is read as the last lanes of its last
 * 16 bytes; weights of bytes that are read twice are zero there. A run of 8 bytes is read as such. */
EDGEGEN_INLINE void edgegen_dotprod_accumulate(const edgegen_neon_rows *in, int32_t first, const int32_t rows,
                                               const int32_t groups, const int8_t *w, int32x4_t a[6][4])
{
    const int32_t step = in->step, left = in->bytes % 16;
    int8x16_t x[6];
    for (int32_t r = 0; r < in->runs; r++) {
        const int8_t *from = (const int8_t *)in->run[r] + first * step;
        if (in->bytes == 8) {
            EDGEGEN_TILE_LOAD(edgegen_neon_load8_s8, from)
            EDGEGEN_DOT_LANE(0)
            EDGEGEN_DOT_LANE(1)
            continue;
        }
        for (int32_t k = 0; k + 16 <= in->bytes; k += 16) {
            EDGEGEN_TILE_LOAD(vld1q_s8, from + k)
            EDGEGEN_DOT_LANE(0)
            EDGEGEN_DOT_LANE(1)
            EDGEGEN_DOT_LANE(2)
            EDGEGEN_DOT_LANE(3)
        }
        if (left > 0) {
            EDGEGEN_TILE_LOAD(vld1q_s8, from + in->bytes - 16)
            if (left > 12) {
                EDGEGEN_DOT_LANE(0)
            }
            if (left > 8) {
                EDGEGEN_DOT_LANE(1)
            }
            if (left > 4) {
                EDGEGEN_DOT_LANE(2)
            }
            EDGEGEN_DOT_LANE(3)
        }
    }
}

/* One tile of rows and 4 * groups units, of which `count` are stored, from the one `at` on; sums: y holds s32, the sums
 * as they are, else s8 */
EDGEGEN_INLINE void edgegen_dotprod_tile(const edgegen_neon_rows *in, const edgegen_neon_output *out, int32_t first,
                                         const int32_t rows, const int32_t groups, int32_t count, const int8_t *w,
                                         const int32_t *epilogue, const int32_t sums, int32_t at, void *y)
{
    int32x4_t a[6][4];
    EDGEGEN_TILE_BEGIN(epilogue)
    EDGEGEN_TILE_BEGIN(w)
    edgegen_tile_begin_s8(epilogue, groups, a);
    edgegen_dotprod_accumulate(in, first, rows, groups, w, a);
    at += first * out->step;
    if (sums) {
        edgegen_tile_store_sums(a, rows, groups, count, out->step, (int32_t *)y + at);
    } else {
        edgegen_tile_finish_s8(a, rows, groups, count, epilogue, out, (int8_t *)y + at);
    }
}

/* All tiles of `count` rows and one block of units, `rows` rows at a time; the last tile steps back to stay inside. */
#define EDGEGEN_DOT_TILES(rows)                                                                                        \
    case rows:                                                                                                         \
        for (int32_t i = 0; i < count; i += rows) {                                                                    \
            edgegen_dotprod_tile(in, out, edgegen_min_s32(i, count - rows), rows, groups, units, w, epilogue, sums,    \
                                 at, y);                                                                               \
        }                                                                                                              \
        break;

EDGEGEN_INLINE void edgegen_dotprod_tiles(const edgegen_neon_rows *in, const edgegen_neon_output *out, int32_t count,
                                          int32_t tile, const int32_t groups, int32_t units, const int8_t *w,
                                          const int32_t *epilogue, const int32_t sums, int32_t at, void *y)
{
    switch (EDGEGEN_TILE_ROWS(tile)) {
    default:
        EDGEGEN_DOT_TILES(1)
        EDGEGEN_TILE_FOR_SPEED(EDGEGEN_DOT_TILES(2))
        EDGEGEN_TILE_FOR_SPEED(EDGEGEN_DOT_TILES(3))
        EDGEGEN_DOT_TILES(4)
        EDGEGEN_TILE_FOR_SPEED(EDGEGEN_DOT_TILES(5))
        EDGEGEN_TILE_FOR_SPEED(EDGEGEN_DOT_TILES(6))
    }
}

/* `count` rows of x times all units -> y, s8 or, with `sums`, s32; units are packed in blocks of 16, then of 8 (see codegen/ops/neon.py). */
EDGEGEN_KERNEL void edgegen_dotprod_multiply(const edgegen_neon_rows *in, const edgegen_neon_output *out,
                                             int32_t count, int32_t tile, int32_t units, const int8_t *w,
                                             const int32_t *epilogue, const int32_t sums, void *y)
{
    const int32_t lanes = in->runs * ((in->bytes + 3) / 4);
    const int32_t wide = units >= 16 ? (units + 7) / 16 : 0;
    for (int32_t b = 0; b < wide; b++) {
        const int32_t o = edgegen_min_s32(16 * b, units - 16);
        edgegen_dotprod_tiles(in, out, count, tile, 4, 16, w + 64 * lanes * b, epilogue + 48 * b, sums, o, y);
    }
    w += 64 * lanes * wide;
    epilogue += 48 * wide;
    for (int32_t o = 16 * wide; o < units; o += 8) {
        const int32_t at = edgegen_max_s32(edgegen_min_s32(o, units - 8), 0);
        edgegen_dotprod_tiles(in, out, count, tile, 2, edgegen_min_s32(units, 8), w, epilogue, sums, at, y);
        w += 32 * lanes;
        epilogue += 24;
    }
}

#endif
