/* Vectors of eight f16 numbers: loads, stores, clamps, and from f32. */
#ifndef EDGEGEN_SIMD_NEON_HALVES_H
#define EDGEGEN_SIMD_NEON_HALVES_H

#include "simd/neon.h"

/* Half-precision numbers lie in memory as their bits. */
EDGEGEN_INLINE float16x8_t edgegen_neon_load_f16(const uint16_t *from)
{
    return vreinterpretq_f16_u16(vld1q_u16(from));
}

EDGEGEN_INLINE void edgegen_neon_store_f16(uint16_t *to, float16x8_t v) { vst1q_u16(to, vreinterpretq_u16_f16(v)); }

/* The first `count` of 8 numbers. */
EDGEGEN_INLINE void edgegen_neon_store8_f16(uint16_t *to, float16x8_t v, int32_t count)
{
    if (count == 8) {
        edgegen_neon_store_f16(to, v);
    } else {
        uint16_t all[8];
        edgegen_neon_store_f16(all, v);
        memcpy(to, all, (size_t)count * sizeof *to);
    }
}

EDGEGEN_INLINE float16x8_t edgegen_neon_round_f16(float32x4_t low, float32x4_t high)
{
    return vcvt_high_f16_f32(vcvt_f16_f32(low), high);
}

/* Bounds as f16: clamping with them what was rounded gives what clamping first would. */
typedef struct {
    float16x8_t low, high;
    int32_t from_below, from_above; /* whether there are any */
} edgegen_neon_bounds_f16;

EDGEGEN_INLINE float16x8_t edgegen_neon_all_f16(float value)
{
    const float16x4_t half = vcvt_f16_f32(vdupq_n_f32(value));
    return vcombine_f16(half, half);
}

EDGEGEN_INLINE edgegen_neon_bounds_f16 edgegen_neon_bounds(float low, float high)
{
    const edgegen_neon_bounds_f16 bounds = { edgegen_neon_all_f16(low), edgegen_neon_all_f16(high),
                                             low > -EDGEGEN_INFINITY, high < EDGEGEN_INFINITY };
    return bounds;
}

EDGEGEN_INLINE float16x8_t edgegen_neon_clamp_f16(float16x8_t v, edgegen_neon_bounds_f16 bounds)
{
    v = bounds.from_below ? vmaxq_f16(v, bounds.low) : v;
    return bounds.from_above ? vminq_f16(v, bounds.high) : v;
}

/* Eight sums in f32. */
typedef struct {
    float32x4_t low, high;
} edgegen_neon_sums_of_f16;

EDGEGEN_INLINE edgegen_neon_sums_of_f16 edgegen_neon_add_f16(edgegen_neon_sums_of_f16 sums, float16x8_t v)
{
    sums.low = vaddq_f32(sums.low, vcvt_f32_f16(vget_low_f16(v)));
    sums.high = vaddq_f32(sums.high, vcvt_high_f32_f16(v));
    return sums;
}

/* 0 as long as v is finite: an infinity times 0 is no number. */
EDGEGEN_INLINE float16x8_t edgegen_neon_watch_f16(float16x8_t watched, float16x8_t v)
{
    return vfmaq_f16(watched, v, vreinterpretq_f16_u16(vdupq_n_u16(0)));
}

EDGEGEN_INLINE int edgegen_neon_was_finite(float16x8_t watched)
{
    return vmaxvq_u16(vandq_u16(vreinterpretq_u16_f16(watched), vdupq_n_u16(0x7fff))) == 0;
}

#endif
