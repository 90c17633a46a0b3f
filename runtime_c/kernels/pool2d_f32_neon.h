/* Pooling on f32 for AArch64: at least 4 channels, beside each other in memory. */
#ifndef EDGEGEN_POOL2D_F32_NEON_H
#define EDGEGEN_POOL2D_F32_NEON_H

#include "kernels/pool2d.h"
#include "simd/neon.h"

#define EDGEGEN_NEON_AVERAGE_F32(pooled, count) vdivq_f32(pooled, vdupq_n_f32((float)(count)))
#define EDGEGEN_NEON_ITSELF_F32(pooled, count) (pooled)

/* 4 channels at a time; the last 4 step back to stay inside. */
#define EDGEGEN_NEON_POOL_F32(name, BEGIN, JOIN, FINISH)                                                               \
    EDGEGEN_KERNEL void name(const edgegen_pool2d_f32 *p, const float *x, float *y)                                    \
    {                                                                                                                  \
        const float32x4_t low = vdupq_n_f32(p->low), high = vdupq_n_f32(p->high);                                      \
        for (int32_t n = 0; n < p->batch; n++)                                                                         \
        for (int32_t oy = 0; oy < p->out_h; oy++)                                                                      \
        for (int32_t ox = 0; ox < p->out_w; ox++) {                                                                    \
            const edgegen_span rows = edgegen_window(oy, p->stride_h, p->pad_top, p->kernel_h, p->in_h);               \
            const edgegen_span columns = edgegen_window(ox, p->stride_w, p->pad_left, p->kernel_w, p->in_w);           \
            for (int32_t c = 0; c < p->channels; c += 4) {                                                             \
                c = edgegen_min_s32(c, p->channels - 4);                                                               \
                float32x4_t pooled = vdupq_n_f32(BEGIN);                                                               \
                for (int32_t iy = rows.first; iy < rows.end; iy++) {                                                   \
                    const float *from = x + n * p->in_stride[0] + iy * p->in_stride[1] + c;                            \
                    for (int32_t ix = columns.first; ix < columns.end; ix++) {                                         \
                        pooled = JOIN(pooled, vld1q_f32(from + ix * p->in_stride[2]));                                 \
                    }                                                                                                  \
                }                                                                                                      \
                pooled = FINISH(pooled, (rows.end - rows.first) * (columns.end - columns.first));                      \
                vst1q_f32(y + c, vminq_f32(vmaxq_f32(pooled, low), high));                                             \
            }                                                                                                          \
            y += p->channels;                                                                                          \
        }                                                                                                              \
    }

/* x[n,h,w,c] -> y: the average of each window's pixels on the image. */
EDGEGEN_NEON_POOL_F32(average_pool2d_f32_neon, 0.0f, vaddq_f32, EDGEGEN_NEON_AVERAGE_F32)

/* x[n,h,w,c] -> y: the largest of each window's pixels on the image. */
EDGEGEN_NEON_POOL_F32(max_pool2d_f32_neon, -EDGEGEN_INFINITY, vmaxq_f32, EDGEGEN_NEON_ITSELF_F32)

#endif
