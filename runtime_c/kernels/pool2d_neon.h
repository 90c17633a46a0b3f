/* What pools of floats on AArch64 share. */
#ifndef EDGEGEN_POOL2D_NEON_H
#define EDGEGEN_POOL2D_NEON_H

#include "kernels/pool2d.h"
#include "simd/neon.h"

/* Defines a kernel, x[n,h,w,c] -> y, for numbers that `t` names: EDGEGEN_POOL_LANES_<t> channels at a time, of which the
 * last step back to stay inside.
 *
 * From `begin` on, a value of `sums`, JOIN takes in each pixel of a window on the image, a vector; FINISH makes the
 * result of that and of the count of pixels. */
#define EDGEGEN_NEON_POOL(name, t, type, sums, begin, JOIN, FINISH)                                                    \
    EDGEGEN_KERNEL void name(const edgegen_pool2d_f32 *p, const type *x, type *y)                                      \
    {                                                                                                                  \
        const edgegen_pool_limits_##t limits = edgegen_pool_limit_##t(p->low, p->high);                                \
        for (int32_t n = 0; n < p->batch; n++)                                                                         \
        for (int32_t oy = 0; oy < p->out_h; oy++)                                                                      \
        for (int32_t ox = 0; ox < p->out_w; ox++) {                                                                    \
            const edgegen_span rows = edgegen_window(oy, p->stride_h, p->pad_top, p->kernel_h, p->in_h);               \
            const edgegen_span columns = edgegen_window(ox, p->stride_w, p->pad_left, p->kernel_w, p->in_w);           \
            for (int32_t c = 0; c < p->channels; c += EDGEGEN_POOL_LANES_##t) {                                        \
                c = edgegen_min_s32(c, p->channels - EDGEGEN_POOL_LANES_##t);                                          \
                sums pooled = begin;                                                                                   \
                for (int32_t iy = rows.first; iy < rows.end; iy++) {                                                   \
                    const type *from = x + n * p->in_stride[0] + iy * p->in_stride[1] + c;                             \
                    for (int32_t ix = columns.first; ix < columns.end; ix++) {                                         \
                        pooled = JOIN(pooled, edgegen_pool_load_##t(from + ix * p->in_stride[2]));                     \
                    }                                                                                                  \
                }                                                                                                      \
                const int32_t count = (rows.end - rows.first) * (columns.end - columns.first);                         \
                edgegen_pool_store_##t(y + c, FINISH(pooled, count), limits);                                          \
            }                                                                                                          \
            y += p->channels;                                                                                          \
        }                                                                                                              \
    }

#define EDGEGEN_NEON_ITSELF(pooled, count) ((void)(count), (pooled))

#endif
