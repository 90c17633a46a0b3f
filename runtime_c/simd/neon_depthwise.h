/* Depthwise products of s8 pixels and weights on ARMv8.0: SMULL and SMLAL add the products of two taps as s16. */
#ifndef EDGEGEN_SIMD_NEON_DEPTHWISE_H
#define EDGEGEN_SIMD_NEON_DEPTHWISE_H

#include "simd/neon.h"

/* Sums of 16 channels. */
typedef struct {
    int32x4_t v[4];
} edgegen_neon_sums16;

/* epilogue: [4][bias, multiplier, shift][4] */
EDGEGEN_INLINE edgegen_neon_sums16 edgegen_depthwise_begin16(const int32_t *epilogue)
{
    const edgegen_neon_sums16 s = {
        { vld1q_s32(epilogue), vld1q_s32(epilogue + 12), vld1q_s32(epilogue + 24), vld1q_s32(epilogue + 36) }
    };
    return s;
}

EDGEGEN_INLINE edgegen_neon_sums16 edgegen_depthwise_add16(edgegen_neon_sums16 s, int16x8_t low, int16x8_t high)
{
    s.v[0] = vaddw_s16(s.v[0], vget_low_s16(low));
    s.v[1] = vaddw_high_s16(s.v[1], low);
    s.v[2] = vaddw_s16(s.v[2], vget_low_s16(high));
    s.v[3] = vaddw_high_s16(s.v[3], high);
    return s;
}

/* One tap of 16 channels. */
EDGEGEN_INLINE edgegen_neon_sums16 edgegen_depthwise_tap16(edgegen_neon_sums16 s, int8x16_t x, int8x16_t w)
{
    return edgegen_depthwise_add16(s, vmull_s8(vget_low_s8(x), vget_low_s8(w)), vmull_high_s8(x, w));
}

/* Two taps of 16 channels. Their products' sum fits s16 unless both weights are -128: then `apart` keeps them apart. */
EDGEGEN_INLINE edgegen_neon_sums16 edgegen_depthwise_taps16(edgegen_neon_sums16 s, int32_t apart, int8x16_t x0,
                                                            int8x16_t w0, int8x16_t x1, int8x16_t w1)
{
    if (apart) {
        return edgegen_depthwise_tap16(edgegen_depthwise_tap16(s, x0, w0), x1, w1);
    }
    return edgegen_depthwise_add16(
        s, vmlal_s8(vmull_s8(vget_low_s8(x0), vget_low_s8(w0)), vget_low_s8(x1), vget_low_s8(w1)),
        vmlal_high_s8(vmull_high_s8(x0, w0), x1, w1));
}

EDGEGEN_INLINE int8x16_t edgegen_depthwise_finish16(edgegen_neon_sums16 s, const int32_t *epilogue,
                                                    const edgegen_neon_output *out)
{
    s.v[0] = edgegen_neon_scale(s.v[0], edgegen_neon_load_factor(epilogue + 4), out);
    s.v[1] = edgegen_neon_scale(s.v[1], edgegen_neon_load_factor(epilogue + 16), out);
    s.v[2] = edgegen_neon_scale(s.v[2], edgegen_neon_load_factor(epilogue + 28), out);
    s.v[3] = edgegen_neon_scale(s.v[3], edgegen_neon_load_factor(epilogue + 40), out);
    return edgegen_neon_narrow16(edgegen_neon_join(s.v[0], s.v[1]), edgegen_neon_join(s.v[2], s.v[3]), out);
}

/* Sums of 8 channels, and the same steps. */
typedef struct {
    int32x4_t v[2];
} edgegen_neon_sums8;

EDGEGEN_INLINE edgegen_neon_sums8 edgegen_depthwise_begin8(const int32_t *epilogue)
{
    const edgegen_neon_sums8 s = { { vld1q_s32(epilogue), vld1q_s32(epilogue + 12) } };
    return s;
}

EDGEGEN_INLINE edgegen_neon_sums8 edgegen_depthwise_add8(edgegen_neon_sums8 s, int16x8_t products)
{
    s.v[0] = vaddw_s16(s.v[0], vget_low_s16(products));
    s.v[1] = vaddw_high_s16(s.v[1], products);
    return s;
}

EDGEGEN_INLINE edgegen_neon_sums8 edgegen_depthwise_tap8(edgegen_neon_sums8 s, int8x8_t x, int8x8_t w)
{
    return edgegen_depthwise_add8(s, vmull_s8(x, w));
}

EDGEGEN_INLINE edgegen_neon_sums8 edgegen_depthwise_taps8(edgegen_neon_sums8 s, int32_t apart, int8x8_t x0, int8x8_t w0,
                                                          int8x8_t x1, int8x8_t w1)
{
    if (apart) {
        return edgegen_depthwise_tap8(edgegen_depthwise_tap8(s, x0, w0), x1, w1);
    }
    return edgegen_depthwise_add8(s, vmlal_s8(vmull_s8(x0, w0), x1, w1));
}

EDGEGEN_INLINE int16x8_t edgegen_depthwise_scale8(edgegen_neon_sums8 s, const int32_t *epilogue,
                                                  const edgegen_neon_output *out)
{
    return edgegen_neon_join(edgegen_neon_scale(s.v[0], edgegen_neon_load_factor(epilogue + 4), out),
                             edgegen_neon_scale(s.v[1], edgegen_neon_load_factor(epilogue + 16), out));
}

#endif
