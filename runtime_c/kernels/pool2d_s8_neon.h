/* Pooling on s8 for AArch64: at least 8 channels, beside each other in memory. */
#ifndef EDGEGEN_POOL2D_S8_NEON_H
#define EDGEGEN_POOL2D_S8_NEON_H

#include "kernels/pool2d.h"
#include "simd/neon.h"

/* The pixels of a window that lie on the image, from the first one's channels on. */
typedef struct {
    const int8_t *first;
    int32_t rows, columns, row_step, column_step;
} edgegen_neon_patch;

EDGEGEN_INLINE edgegen_neon_patch edgegen_neon_find_patch(const edgegen_pool2d_s8 *p, const int8_t *x, int32_t n,
                                                          int32_t oy, int32_t ox)
{
    const edgegen_span rows = edgegen_window(oy, p->stride_h, p->pad_top, p->kernel_h, p->in_h);
    const edgegen_span columns = edgegen_window(ox, p->stride_w, p->pad_left, p->kernel_w, p->in_w);
    const edgegen_neon_patch patch = {
        x + n * p->in_stride[0] + rows.first * p->in_stride[1] + columns.first * p->in_stride[2],
        rows.end - rows.first, columns.end - columns.first, p->in_stride[1], p->in_stride[2]
    };
    return patch;
}

/* sum / count rounded half away from zero, for |sum| <= 128 * count and count <= 65536: sums stay below 2^24, so f32
 * holds them exactly; a quotient that is not whole differs from the next whole number by at least 2^-16, which is more
 * than the division's rounding of numbers up to 128 can bridge. */
EDGEGEN_INLINE int32x4_t edgegen_neon_average(int32x4_t sum, int32_t count)
{
    const int32x4_t half = vbslq_s32(vcgtzq_s32(sum), vdupq_n_s32(count / 2), vdupq_n_s32(-(count / 2)));
    const float32x4_t quotient = vdivq_f32(vcvtq_f32_s32(vaddq_s32(sum, half)), vdupq_n_f32((float)count));
    return vcvtq_s32_f32(quotient);
}

/* round((sum - count * x_zero) * factor) as f32, ties to even. */
EDGEGEN_INLINE int32x4_t edgegen_neon_scaled_average(const edgegen_pool2d_s8 *p, int32x4_t sum, int32_t count)
{
    const float32x4_t sums = vcvtq_f32_s32(vsubq_s32(sum, vdupq_n_s32(count * p->x_zero)));
    return vcvtnq_s32_f32(vmulq_n_f32(sums, edgegen_average_factor(p->factor, p->kernel_h * p->kernel_w, count)));
}

/* The averages of 8 channels as s16; of scaled ones that s16 does not hold, its limits, which s8 has to limit anyway. */
EDGEGEN_INLINE int16x8_t edgegen_neon_averages(const edgegen_pool2d_s8 *p, int32_t scaled, int32x4_t low,
                                               int32x4_t high, int32_t count)
{
    if (scaled == 0) {
        return edgegen_neon_join(edgegen_neon_average(low, count), edgegen_neon_average(high, count));
    }
    const int16x8_t steps =
        edgegen_neon_join(edgegen_neon_scaled_average(p, low, count), edgegen_neon_scaled_average(p, high, count));
    return vqaddq_s16(steps, vdupq_n_s16((int16_t)p->zero_point));
}

enum { EDGEGEN_NEON_SUMMED = 255 }; /* most s8 that a sum of s16 holds */

/* Of 16 channels from `channel` on. */
EDGEGEN_INLINE int8x16_t edgegen_neon_average16(const edgegen_pool2d_s8 *p, int32_t scaled,
                                                 const edgegen_neon_patch *patch, int32_t channel)
{
    int32x4_t s0 = vdupq_n_s32(0), s1 = s0, s2 = s0, s3 = s0;
    for (int32_t r = 0; r < patch->rows; r++) {
        const int8_t *from = patch->first + r * patch->row_step + channel;
        for (int32_t c = 0; c < patch->columns;) {
            const int32_t end = edgegen_min_s32(c + EDGEGEN_NEON_SUMMED, patch->columns);
            int16x8_t low = vdupq_n_s16(0), high = low;
            for (; c < end; c++) {
                const int8x16_t v = vld1q_s8(from);
                low = vaddw_s8(low, vget_low_s8(v));
                high = vaddw_high_s8(high, v);
                from += patch->column_step;
            }
            s0 = vaddw_s16(s0, vget_low_s16(low));
            s1 = vaddw_high_s16(s1, low);
            s2 = vaddw_s16(s2, vget_low_s16(high));
            s3 = vaddw_high_s16(s3, high);
        }
    }
    const int32_t count = patch->rows * patch->columns;
    const int16x8_t first = edgegen_neon_averages(p, scaled, s0, s1, count);
    return vqmovn_high_s16(vqmovn_s16(first), edgegen_neon_averages(p, scaled, s2, s3, count));
}

EDGEGEN_INLINE int8x8_t edgegen_neon_average8(const edgegen_pool2d_s8 *p, int32_t scaled,
                                               const edgegen_neon_patch *patch, int32_t channel)
{
    int32x4_t s0 = vdupq_n_s32(0), s1 = s0;
    for (int32_t r = 0; r < patch->rows; r++) {
        const int8_t *from = patch->first + r * patch->row_step + channel;
        for (int32_t c = 0; c < patch->columns;) {
            const int32_t end = edgegen_min_s32(c + EDGEGEN_NEON_SUMMED, patch->columns);
            int16x8_t sum = vdupq_n_s16(0);
            for (; c < end; c++) {
                sum = vaddw_s8(sum, vld1_s8(from));
                from += patch->column_step;
            }
            s0 = vaddw_s16(s0, vget_low_s16(sum));
            s1 = vaddw_high_s16(s1, sum);
        }
    }
    return vqmovn_s16(edgegen_neon_averages(p, scaled, s0, s1, patch->rows * patch->columns));
}

EDGEGEN_INLINE int8x16_t edgegen_neon_max16(const edgegen_neon_patch *patch, int32_t channel)
{
    int8x16_t most = vdupq_n_s8(-128);
    for (int32_t r = 0; r < patch->rows; r++) {
        for (int32_t c = 0; c < patch->columns; c++) {
            most = vmaxq_s8(most, vld1q_s8(patch->first + r * patch->row_step + c * patch->column_step + channel));
        }
    }
    return most;
}

EDGEGEN_INLINE int8x8_t edgegen_neon_max8(const edgegen_neon_patch *patch, int32_t channel)
{
    int8x8_t most = vdup_n_s8(-128);
    for (int32_t r = 0; r < patch->rows; r++) {
        for (int32_t c = 0; c < patch->columns; c++) {
            most = vmax_s8(most, vld1_s8(patch->first + r * patch->row_step + c * patch->column_step + channel));
        }
    }
    return most;
}

/* Channels 16 at a time, then 8; the last steps back to stay inside. POOL16, POOL8: of `patch`, from c on. */
#define EDGEGEN_NEON_POOL_S8(name, POOL16, POOL8)                                                                      \
    EDGEGEN_KERNEL void name(const edgegen_pool2d_s8 *p, const int8_t *x, int8_t *y)                                   \
    {                                                                                                                  \
        const int8x16_t low = vdupq_n_s8((int8_t)p->low), high = vdupq_n_s8((int8_t)p->high);                          \
        for (int32_t n = 0; n < p->batch; n++)                                                                         \
        for (int32_t oy = 0; oy < p->out_h; oy++)                                                                      \
        for (int32_t ox = 0; ox < p->out_w; ox++) {                                                                    \
            const edgegen_neon_patch patch = edgegen_neon_find_patch(p, x, n, oy, ox);                                 \
            int32_t c = 0;                                                                                             \
            for (; c + 16 <= p->channels; c += 16) {                                                                   \
                vst1q_s8(y + c, vminq_s8(vmaxq_s8(POOL16, low), high));                                                \
            }                                                                                                          \
            for (; c < p->channels; c += 8) {                                                                          \
                c = edgegen_min_s32(c, p->channels - 8);                                                               \
                vst1_s8(y + c, vmin_s8(vmax_s8(POOL8, vget_low_s8(low)), vget_low_s8(high)));                          \
            }                                                                                                          \
            y += p->channels;                                                                                          \
        }                                                                                                              \
    }

/* x[n,h,w,c] -> y: the average of each window's pixels on the image. */
EDGEGEN_NEON_POOL_S8(average_pool2d_s8_neon, edgegen_neon_average16(p, 0, &patch, c),
                     edgegen_neon_average8(p, 0, &patch, c))

/* The average at another scale. */
EDGEGEN_NEON_POOL_S8(average_pool2d_s8_scaled_neon, edgegen_neon_average16(p, 1, &patch, c),
                     edgegen_neon_average8(p, 1, &patch, c))

/* x[n,h,w,c] -> y: the largest of each window's pixels on the image. */
EDGEGEN_NEON_POOL_S8(max_pool2d_s8_neon, edgegen_neon_max16(&patch, c), edgegen_neon_max8(&patch, c))

#endif
