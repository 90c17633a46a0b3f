/* Products of f32 rows and weights with FMLA by lane. */
#ifndef EDGEGEN_SIMD_NEON_F32_H
#define EDGEGEN_SIMD_NEON_F32_H

#include "simd/neon_tile.h"

#define EDGEGEN_FMA_LANE(lane) EDGEGEN_TILE_LANE(float32x4_t, vld1q_f32, 4, vfmaq_laneq_f32, lane)

/* a[r][g] += rows first to first + rows - 1 of x times 4 * groups units.
 * w: [runs][elements of a run][4 * groups]. What is left of a run after 4 elements at a time is read as the last lanes
 * of its last 4. */
EDGEGEN_INLINE void edgegen_f32_accumulate(const edgegen_neon_rows *in, int32_t first, const int32_t rows,
                                           const int32_t groups, const float *w, float32x4_t a[6][4])
{
    const int32_t step = in->step / 4, count = in->bytes / 4, left = count % 4;
    float32x4_t x[6];
    for (int32_t r = 0; r < in->runs; r++) {
        const float *from = (const float *)(const void *)in->run[r] + first * step;
        for (int32_t k = 0; k + 4 <= count; k += 4) {
            EDGEGEN_TILE_LOAD(vld1q_f32, from + k)
            EDGEGEN_FMA_LANE(0)
            EDGEGEN_FMA_LANE(1)
            EDGEGEN_FMA_LANE(2)
            EDGEGEN_FMA_LANE(3)
        }
        if (left > 0) {
            EDGEGEN_TILE_LOAD(vld1q_f32, from + count - 4)
            if (left > 2) {
                EDGEGEN_FMA_LANE(1)
            }
            if (left > 1) {
                EDGEGEN_FMA_LANE(2)
            }
            EDGEGEN_FMA_LANE(3)
        }
    }
}

/* One tile: rows times 4 * groups units, of which `count` are stored. */
EDGEGEN_INLINE void edgegen_f32_tile(const edgegen_neon_rows *in, const edgegen_neon_output_f32 *out, int32_t first,
                                     const int32_t rows, const int32_t groups, int32_t count, const float *w,
                                     const float *bias, float *y)
{
    float32x4_t a[6][4];
    EDGEGEN_TILE_BEGIN(w)
    EDGEGEN_TILE_BEGIN(bias)
    const float32x4_t b0 = vld1q_f32(bias), b1 = vld1q_f32(bias + 4);
    const float32x4_t b2 = groups > 2 ? vld1q_f32(bias + 8) : b0, b3 = groups > 2 ? vld1q_f32(bias + 12) : b0;
#define EDGEGEN_F32_BEGIN(r) a[r][0] = b0, a[r][1] = b1, a[r][2] = b2, a[r][3] = b3
    EDGEGEN_F32_BEGIN(0);
    EDGEGEN_F32_BEGIN(1);
    EDGEGEN_F32_BEGIN(2);
    EDGEGEN_F32_BEGIN(3);
    EDGEGEN_F32_BEGIN(4);
    EDGEGEN_F32_BEGIN(5);
#undef EDGEGEN_F32_BEGIN
    edgegen_f32_accumulate(in, first, rows, groups, w, a);
#define EDGEGEN_F32_FINISH(r)                                                                                          \
    if (rows > r) {                                                                                                    \
        float *to = y + (first + r) * out->step;                                                                       \
        if (count < 8) {                                                                                               \
            float all[8];                                                                                              \
            vst1q_f32(all, edgegen_neon_clamp_f32(a[r][0], out));                                                      \
            vst1q_f32(all + 4, edgegen_neon_clamp_f32(a[r][1], out));                                                  \
            memcpy(to, all, (size_t)count * sizeof *to);                                                               \
        } else {                                                                                                       \
            vst1q_f32(to, edgegen_neon_clamp_f32(a[r][0], out));                                                       \
            vst1q_f32(to + 4, edgegen_neon_clamp_f32(a[r][1], out));                                                   \
        }                                                                                                              \
        if (groups > 2) {                                                                                              \
            vst1q_f32(to + 8, edgegen_neon_clamp_f32(a[r][2], out));                                                   \
            vst1q_f32(to + 12, edgegen_neon_clamp_f32(a[r][3], out));                                                  \
        }                                                                                                              \
    }
    EDGEGEN_F32_FINISH(0)
    EDGEGEN_F32_FINISH(1)
    EDGEGEN_F32_FINISH(2)
    EDGEGEN_F32_FINISH(3)
    EDGEGEN_F32_FINISH(4)
    EDGEGEN_F32_FINISH(5)
#undef EDGEGEN_F32_FINISH
}

/* All tiles of `count` rows and one block of units, `rows` rows at a time; the last tile steps back to stay inside. */
#define EDGEGEN_F32_TILES(rows)                                                                                        \
    case rows:                                                                                                         \
        for (int32_t i = 0; i < count; i += rows) {                                                                    \
            edgegen_f32_tile(in, out, edgegen_min_s32(i, count - rows), rows, groups, units, w, bias, y);              \
        }                                                                                                              \
        break;

EDGEGEN_INLINE void edgegen_f32_tiles(const edgegen_neon_rows *in, const edgegen_neon_output_f32 *out, int32_t count,
                                      int32_t tile, const int32_t groups, int32_t units, const float *w,
                                      const float *bias, float *y)
{
    switch (EDGEGEN_TILE_ROWS(tile)) {
    default:
        EDGEGEN_F32_TILES(1)
        EDGEGEN_TILE_FOR_SPEED(EDGEGEN_F32_TILES(2))
        EDGEGEN_TILE_FOR_SPEED(EDGEGEN_F32_TILES(3))
        EDGEGEN_F32_TILES(4)
        EDGEGEN_TILE_FOR_SPEED(EDGEGEN_F32_TILES(5))
        EDGEGEN_TILE_FOR_SPEED(EDGEGEN_F32_TILES(6))
    }
}

/* `count` rows of x times all units -> y; units are packed in blocks of 16, then of 8 (see
 * codegen/ops/neon_tiles.py). */
EDGEGEN_KERNEL void edgegen_f32_multiply(const edgegen_neon_rows *in, const edgegen_neon_output_f32 *out,
                                         int32_t count, int32_t tile, int32_t units, const float *w, const float *bias,
                                         float *y)
{
    const int32_t lanes = in->runs * (in->bytes / 4);
    const int32_t wide = units >= 16 ? (units + 7) / 16 : 0;
    for (int32_t b = 0; b < wide; b++) {
        const int32_t o = edgegen_min_s32(16 * b, units - 16);
        edgegen_f32_tiles(in, out, count, tile, 4, 16, w + 16 * lanes * b, bias + 16 * b, y + o);
    }
    w += 16 * lanes * wide;
    bias += 16 * wide;
    for (int32_t o = 16 * wide; o < units; o += 8) {
        const int32_t at = edgegen_max_s32(edgegen_min_s32(o, units - 8), 0);
        edgegen_f32_tiles(in, out, count, tile, 2, edgegen_min_s32(units, 8), w, bias, y + at);
        w += 8 * lanes;
        bias += 8;
    }
}

#endif
