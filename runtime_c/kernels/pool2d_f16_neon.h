/* Pooling on f16 for AArch64: at least 8 channels, beside each other in memory. Averages are made in f32. */
#ifndef EDGEGEN_POOL2D_F16_NEON_H
#define EDGEGEN_POOL2D_F16_NEON_H

#include "kernels/pool2d_neon.h"
#include "simd/neon_halves.h"

enum { EDGEGEN_POOL_LANES_f16 = 8 };

typedef edgegen_neon_bounds_f16 edgegen_pool_limits_f16;

EDGEGEN_INLINE edgegen_pool_limits_f16 edgegen_pool_limit_f16(float low, float high)
{
    return edgegen_neon_bounds(low, high);
}

EDGEGEN_INLINE float16x8_t edgegen_pool_load_f16(const uint16_t *from) { return edgegen_neon_load_f16(from); }

EDGEGEN_INLINE void edgegen_pool_store_f16(uint16_t *to, float16x8_t v, edgegen_pool_limits_f16 limits)
{
    edgegen_neon_store_f16(to, edgegen_neon_clamp_f16(v, limits));
}

EDGEGEN_INLINE edgegen_neon_sums_of_f16 edgegen_neon_no_sums(void)
{
    const edgegen_neon_sums_of_f16 sums = { vdupq_n_f32(0.0f), vdupq_n_f32(0.0f) };
    return sums;
}

EDGEGEN_INLINE float16x8_t edgegen_neon_average_f16(edgegen_neon_sums_of_f16 sums, int32_t count)
{
    const float32x4_t divisor = vdupq_n_f32((float)count);
    return vcvt_high_f16_f32(vcvt_f16_f32(vdivq_f32(sums.low, divisor)), vdivq_f32(sums.high, divisor));
}

/* The average of each window's pixels on the image. */
EDGEGEN_NEON_POOL(average_pool2d_f16_neon, f16, uint16_t, edgegen_neon_sums_of_f16, edgegen_neon_no_sums(),
                  edgegen_neon_add_f16, edgegen_neon_average_f16)

/* The largest of each window's pixels on the image. */
EDGEGEN_NEON_POOL(max_pool2d_f16_neon, f16, uint16_t, float16x8_t, edgegen_neon_all_f16(-EDGEGEN_INFINITY), vmaxq_f16,
                  EDGEGEN_NEON_ITSELF)

#endif
