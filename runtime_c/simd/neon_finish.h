/* What precedes and follows the products in s8 register tiles: biases, requantization, clamp. */
#ifndef EDGEGEN_SIMD_NEON_FINISH_H
#define EDGEGEN_SIMD_NEON_FINISH_H

#include "simd/neon.h"

/* Bias of 4 * groups units, groups 2 or 4, in every row. epilogue: [groups][bias, multiplier, shift][4] */
EDGEGEN_INLINE void edgegen_tile_begin_s8(const int32_t *epilogue, const int32_t groups, int32x4_t a[6][4])
{
    const int32x4_t b0 = vld1q_s32(epilogue), b1 = vld1q_s32(epilogue + 12);
    const int32x4_t b2 = groups > 2 ? vld1q_s32(epilogue + 24) : b0, b3 = groups > 2 ? vld1q_s32(epilogue + 36) : b0;
#define EDGEGEN_TILE_BIAS(r) a[r][0] = b0, a[r][1] = b1, a[r][2] = b2, a[r][3] = b3
    EDGEGEN_TILE_BIAS(0);
    EDGEGEN_TILE_BIAS(1);
    EDGEGEN_TILE_BIAS(2);
    EDGEGEN_TILE_BIAS(3);
    EDGEGEN_TILE_BIAS(4);
    EDGEGEN_TILE_BIAS(5);
#undef EDGEGEN_TILE_BIAS
}

/* Sums a[row][group] of `rows` rows as they are -> y, `step` elements from row to row. count: units stored of 8; all 16
 * are. */
EDGEGEN_INLINE void edgegen_tile_store_sums(int32x4_t a[6][4], const int32_t rows, const int32_t groups, int32_t count,
                                            int32_t step, int32_t *y)
{
#define EDGEGEN_TILE_STORE(r)                                                                                          \
    if (rows > r) {                                                                                                    \
        edgegen_neon_store8_s32(y + r * step, a[r][0], a[r][1], groups > 2 ? 8 : count);                               \
        if (groups > 2) {                                                                                              \
            edgegen_neon_store8_s32(y + r * step + 8, a[r][2], a[r][3], 8);                                            \
        }                                                                                                              \
    }
    EDGEGEN_TILE_STORE(0)
    EDGEGEN_TILE_STORE(1)
    EDGEGEN_TILE_STORE(2)
    EDGEGEN_TILE_STORE(3)
    EDGEGEN_TILE_STORE(4)
    EDGEGEN_TILE_STORE(5)
#undef EDGEGEN_TILE_STORE
}

/* Sums a[row][group] of `rows` rows -> y. count: units stored of 8; all 16 are. */
EDGEGEN_INLINE void edgegen_tile_finish_s8(int32x4_t a[6][4], const int32_t rows, const int32_t groups, int32_t count,
                                           const int32_t *epilogue, const edgegen_neon_output *out, int8_t *y)
{
    const edgegen_neon_factor f0 = edgegen_neon_load_factor(epilogue + 4), f1 = edgegen_neon_load_factor(epilogue + 16);
    edgegen_neon_factor f2 = f0, f3 = f1;
    if (groups > 2) {
        f2 = edgegen_neon_load_factor(epilogue + 28);
        f3 = edgegen_neon_load_factor(epilogue + 40);
    }
#define EDGEGEN_TILE_FINISH(r)                                                                                         \
    if (rows > r) {                                                                                                    \
        const int16x8_t low = edgegen_neon_join(edgegen_neon_scale(a[r][0], f0, out),                                  \
                                                edgegen_neon_scale(a[r][1], f1, out));                                 \
        if (groups > 2) {                                                                                              \
            const int16x8_t high = edgegen_neon_join(edgegen_neon_scale(a[r][2], f2, out),                             \
                                                     edgegen_neon_scale(a[r][3], f3, out));                            \
            vst1q_s8(y + r * out->step, edgegen_neon_narrow16(low, high, out));                                        \
        } else {                                                                                                       \
            edgegen_neon_store8_s8(y + r * out->step, edgegen_neon_narrow8(low, out), count);                          \
        }                                                                                                              \
    }
    EDGEGEN_TILE_FINISH(0)
    EDGEGEN_TILE_FINISH(1)
    EDGEGEN_TILE_FINISH(2)
    EDGEGEN_TILE_FINISH(3)
    EDGEGEN_TILE_FINISH(4)
    EDGEGEN_TILE_FINISH(5)
#undef EDGEGEN_TILE_FINISH
}

#endif
