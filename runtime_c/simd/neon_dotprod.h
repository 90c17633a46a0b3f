/* Products of s8 rows and weights with SDOT. */
#ifndef EDGEGEN_SIMD_NEON_DOTPROD_H
#define EDGEGEN_SIMD_NEON_DOTPROD_H

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

/* Bias of 4 * groups units in every row; epilogue: [groups][bias, multiplier, shift][4]. */
EDGEGEN_INLINE void edgegen_dotprod_begin(const int32_t *epilogue, const int32_t groups,
                                          int32x4_t a[6][4])
{
    const int32x4_t b0 = vld1q_s32(epilogue), b1 = vld1q_s32(epilogue + 12);
    const int32x4_t b2 = groups > 2 ? vld1q_s32(epilogue + 24) : b0, b3 = groups > 2 ? vld1q_s32(epilogue + 36) : b0;
#define EDGEGEN_DOT_BEGIN(r) a[r][0] = b0, a[r][1] = b1, a[r][2] = b2, a[r][3] = b3
    EDGEGEN_DOT_BEGIN(0);
    EDGEGEN_DOT_BEGIN(1);
    EDGEGEN_DOT_BEGIN(2);
    EDGEGEN_DOT_BEGIN(3);
    EDGEGEN_DOT_BEGIN(4);
    EDGEGEN_DOT_BEGIN(5);
#undef EDGEGEN_DOT_BEGIN
}

EDGEGEN_INLINE void edgegen_dotprod_tile16(const edgegen_neon_rows *in, const edgegen_neon_output *out, int32_t first,
                                           const int32_t rows, const int8_t *w, const int32_t *epilogue, int8_t *y)
{
    int32x4_t a[6][4];
    EDGEGEN_TILE_BEGIN(epilogue)
    EDGEGEN_TILE_BEGIN(w)
    edgegen_dotprod_begin(epilogue, 4, a);
    edgegen_dotprod_accumulate(in, first, rows, 4, w, a);
    const edgegen_neon_factor f0 = edgegen_neon_load_factor(epilogue + 4), f1 = edgegen_neon_load_factor(epilogue + 16);
    const edgegen_neon_factor f2 = edgegen_neon_load_factor(epilogue + 28), f3 = edgegen_neon_load_factor(epilogue + 40);
#define EDGEGEN_DOT_FINISH16(r)                                                                                        \
    if (rows > r) {                                                                                                    \
        const int16x8_t low = edgegen_neon_join(edgegen_neon_scale(a[r][0], f0, out),                                  \
                                                edgegen_neon_scale(a[r][1], f1, out));                                 \
        const int16x8_t high = edgegen_neon_join(edgegen_neon_scale(a[r][2], f2, out),                                 \
                                                 edgegen_neon_scale(a[r][3], f3, out));                                \
        vst1q_s8(y + (first + r) * out->step, edgegen_neon_narrow16(low, high, out));                                  \
    }
    EDGEGEN_DOT_FINISH16(0)
    EDGEGEN_DOT_FINISH16(1)
    EDGEGEN_DOT_FINISH16(2)
    EDGEGEN_DOT_FINISH16(3)
    EDGEGEN_DOT_FINISH16(4)
    EDGEGEN_DOT_FINISH16(5)
#undef EDGEGEN_DOT_FINISH16
}

/* count: units stored, at most 8 */
EDGEGEN_INLINE void edgegen_dotprod_tile8(const edgegen_neon_rows *in, const edgegen_neon_output *out, int32_t first,
                                          const int32_t rows, const int8_t *w, const int32_t *epilogue, int32_t count,
                                          int8_t *y)
{
    int32x4_t a[6][4];
    EDGEGEN_TILE_BEGIN(epilogue)
    EDGEGEN_TILE_BEGIN(w)
    edgegen_dotprod_begin(epilogue, 2, a);
    edgegen_dotprod_accumulate(in, first, rows, 2, w, a);
    const edgegen_neon_factor f0 = edgegen_neon_load_factor(epilogue + 4), f1 = edgegen_neon_load_factor(epilogue + 16);
#define EDGEGEN_DOT_FINISH8(r)                                                                                         \
    if (rows > r) {                                                                                                    \
        const int16x8_t v = edgegen_neon_join(edgegen_neon_scale(a[r][0], f0, out),                                    \
                                              edgegen_neon_scale(a[r][1], f1, out));                                   \
        edgegen_neon_store8_s8(y + (first + r) * out->step, edgegen_neon_narrow8(v, out), count);                      \
    }
    EDGEGEN_DOT_FINISH8(0)
    EDGEGEN_DOT_FINISH8(1)
    EDGEGEN_DOT_FINISH8(2)
    EDGEGEN_DOT_FINISH8(3)
    EDGEGEN_DOT_FINISH8(4)
    EDGEGEN_DOT_FINISH8(5)
#undef EDGEGEN_DOT_FINISH8
}

/* All tiles of `count` rows and one block of units, `rows` rows at a time; the last tile steps back to stay inside. */
#define EDGEGEN_DOT_TILES(rows)                                                                                        \
    case rows:                                                                                                         \
        for (int32_t i = 0; i < count; i += rows) {                                                                    \
            const int32_t first = edgegen_min_s32(i, count - rows);                                                    \
            if (groups == 4) {                                                                                         \
                edgegen_dotprod_tile16(in, out, first, rows, w, epilogue, y);                                          \
            } else {                                                                                                   \
                edgegen_dotprod_tile8(in, out, first, rows, w, epilogue, units, y);                                    \
            }                                                                                                          \
        }                                                                                                              \
        break;

EDGEGEN_INLINE void edgegen_dotprod_tiles(const edgegen_neon_rows *in, const edgegen_neon_output *out, int32_t count,
                                          int32_t tile, const int32_t groups, int32_t units, const int8_t *w,
                                          const int32_t *epilogue, int8_t *y)
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

/* `count` rows of x times all units -> y; units are packed in blocks of 16, then of 8 (see codegen/ops/neon.py). */
EDGEGEN_KERNEL void edgegen_dotprod_multiply(const edgegen_neon_rows *in, const edgegen_neon_output *out,
                                             int32_t count, int32_t tile, int32_t units, const int8_t *w,
                                             const int32_t *epilogue, int8_t *y)
{
    const int32_t lanes = in->runs * ((in->bytes + 3) / 4);
    const int32_t wide = units >= 16 ? (units + 7) / 16 : 0;
    for (int32_t b = 0; b < wide; b++) {
        const int32_t o = edgegen_min_s32(16 * b, units - 16);
        edgegen_dotprod_tiles(in, out, count, tile, 4, 16, w + 64 * lanes * b, epilogue + 48 * b, y + o);
    }
    w += 64 * lanes * wide;
    epilogue += 48 * wide;
    for (int32_t o = 16 * wide; o < units; o += 8) {
        const int32_t at = edgegen_max_s32(edgegen_min_s32(o, units - 8), 0);
        edgegen_dotprod_tiles(in, out, count, tile, 2, edgegen_min_s32(units, 8), w, epilogue, y + at);
        w += 32 * lanes;
        epilogue += 24;
    }
}

#endif
