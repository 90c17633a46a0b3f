/* Pooling on f32 for AArch64: at least 4 channels, beside each other in memory. */
#ifndef EDGEGEN_POOL2D_F32_NEON_H
#define EDGEGEN_POOL2D_F32_NEON_H

#include "kernels/pool2d_neon.h"

enum { EDGEGEN_POOL_LANES_f32 = 4 };

typedef struct {
    float32x4_t low, high;
} edgegen_pool_limits_f32;

EDGEGEN_INLINE edgegen_pool_limits_f32 edgegen_pool_limit_f32(float low, float high)
{
    const edgegen_pool_limits_f32 limits = { vdupq_n_f32(low), vdupq_n_f32(high) };
    return limits;
}

EDGEGEN_INLINE float32x4_t edgegen_pool_load_f32(const float *from) { return vld1q_f32(from); }

EDGEGEN_INLINE void edgegen_pool_store_f32(float *to, float32x4_t v, edgegen_pool_limits_f32 limits)
{
    vst1q_f32(to, vminq_f32(vmaxq_f32(v, limits.low), limits.high));
}

#define EDGEGEN_NEON_AVERAGE_F32(pooled, count) vdivq_f32(pooled, vdupq_n_f32((float)(count)))

/* The average of each window's pixels on the image. */
EDGEGEN_NEON_POOL(average_pool2d_f32_neon, f32, float, float32x4_t, vdupq_n_f32(0.0f), vaddq_f32,
                  EDGEGEN_NEON_AVERAGE_F32)

/* The largest of each window's pixels on the image. */
EDGEGEN_NEON_POOL(max_pool2d_f32_neon, f32, float, float32x4_t, vdupq_n_f32(-EDGEGEN_INFINITY), vmaxq_f32,
                  EDGEGEN_NEON_ITSELF)

#endif
