/* Pooling on f16 for AArch64: at least 8 channels, beside each other in memory. Averages are made in f32. */
#ifndef EDGEGEN_POOL2D_F16_NEON_H
#define EDGEGEN_POOL2D_F16_NEON_H

#include "kernels/pool2d.h"
#include "simd/neon_halves.h"

/* 8 channels at a time; the last 8 step back to stay inside. From BEGIN on, a value of `type`, JOIN takes in
 * each pixel; the result is FINISH of that and of the count of pixels. */
#define EDGEGEN_NEON_POOL_F16(name, type, BEGIN, JOIN, FINISH)                                                         \
    EDGEGEN_KERNEL void name(const edgegen_pool2d_f32 *p, const uint16_t *x, uint16_t *y)                              \
    {                                                                                                                  \
        const edgegen_neon_bounds_f16 bounds = edgegen_neon_bounds(p->low, p->high);                                   \
        for (int32_t n = 0; n < p->batch; n++)                                                                         \
        for (int32_t oy = 0; oy < p->out_h; oy++)                                                                      \
        for (int32_t ox = 0; ox < p->out_w; ox++) {                                                                    \
            const edgegen_span rows = edgegen_window(oy, p->stride_h, p->pad_top, p->kernel_h, p->in_h);               \
            const edgegen_span columns = edgegen_window(ox, p->stride_w, p->pad_left, p->kernel_w, p->in_w);           \
            for (int32_t c = 0; c < p->channels; c += 8) {                                                             \
                c = edgegen_min_s32(c, p->channels - 8);                                                               \
                type pooled = BEGIN;                                                                                   \
                for (int32_t iy = rows.first; iy < rows.end; iy++) {                                                   \
                    const uint16_t *from = x + n * p->in_stride[0] + iy * p->in_stride[1] + c;                         \
                    for (int32_t ix = columns.first; ix < columns.end; ix++) {                                         \
                        pooled = JOIN(pooled, edgegen_neon_load_f16(from + ix * p->in_stride[2]));                     \
                    }                                                                                                  \
                }                                                                                                      \
                const int32_t count = (rows.end - rows.first) * (columns.end - columns.first);                         \
                edgegen_neon_store_f16(y + c, edgegen_neon_clamp_f16(FINISH(pooled, count), bounds));                  \
            }                                                                                                          \
            y += p->channels;                                                                                          \
        }                                                                                                              \
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

/* x[n,h,w,c] -> y: the average of each window's pixels on the image. */
EDGEGEN_NEON_POOL_F16(average_pool2d_f16_neon, edgegen_neon_sums_of_f16, edgegen_neon_no_sums(), edgegen_neon_add_f16,
                      edgegen_neon_average_f16)

#define EDGEGEN_NEON_ITSELF_F16(pooled, count) ((void)(count), (pooled))

/* x[n,h,w,c] -> y: the largest of each window's pixels on the image. */
EDGEGEN_NEON_POOL_F16(max_pool2d_f16_neon, float16x8_t, edgegen_neon_all_f16(-EDGEGEN_INFINITY), vmaxq_f16,
                      EDGEGEN_NEON_ITSELF_F16)

#endif
