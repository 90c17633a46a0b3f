/* Depthwise 3x3 convolution on f16 for AArch64, for windows that move by one pixel or by two.
 *
 * The nine products are added up in f16, the bias in f32. Where f16 is too small for one of two rows' sums, these rows
 * are computed again in f32. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_F16_3X3_NEON_H
#define EDGEGEN_DEPTHWISE_CONV2D_F16_3X3_NEON_H

#include "kernels/depthwise_conv2d_neon.h"
#include "simd/neon_halves.h"

EDGEGEN_INLINE float16x8_t edgegen_neon_pixel_f16(const uint8_t *from)
{
    return edgegen_neon_load_f16((const uint16_t *)(const void *)from);
}

EDGEGEN_DEPTHWISE_PIXELS(f16, float16x8_t, edgegen_neon_pixel_f16, vreinterpretq_f16_u16(vdupq_n_u16(0)))

/* An output row of 8 channels, in f32. x: its three rows */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_depthwise_3x3_row_in_f32(const edgegen_depthwise_conv2d_f32_neon *p,
                                                                             const uint8_t *const x[3],
                                                                             const uint16_t *w, const float *bias,
                                                                             uint16_t *y)
{
    const edgegen_neon_bounds_f16 bounds = edgegen_neon_bounds(p->output.low, p->output.high);
    for (int32_t ox = 0; ox < p->window.out_w; ox++) {
        float32x4_t low = vld1q_f32(bias), high = vld1q_f32(bias + 4);
        for (int32_t t = 0; t < 9; t++) {
            const int32_t at = (ox * p->window.stride_w + t / 3 - p->left) * p->window.pixel;
            if (edgegen_depthwise_inside(&p->window, p->sides, at)) {
                const float16x8_t v = edgegen_neon_pixel_f16(x[t % 3] + at), k = edgegen_neon_load_f16(w + 8 * t);
                low = vfmaq_f32(low, vcvt_f32_f16(vget_low_f16(v)), vcvt_f32_f16(vget_low_f16(k)));
                high = vfmaq_f32(high, vcvt_high_f32_f16(v), vcvt_high_f32_f16(k));
            }
        }
        const float16x8_t v = edgegen_neon_round_f16(low, high);
        edgegen_neon_store_f16(y + ox * p->output.step, edgegen_neon_clamp_f16(v, bounds));
    }
}

/* Two output rows of 8 channels; `second` is 0 where there is only the first. w: [columns][rows][8] */
EDGEGEN_INLINE void edgegen_depthwise_rows8_3x3_f16(const edgegen_depthwise_conv2d_f32_neon *p,
                                                    const edgegen_neon_rows *in, int32_t channel, int32_t second,
                                                    const uint16_t *w, const float *bias, uint16_t *y)
{
    const edgegen_neon_bounds_f16 bounds = edgegen_neon_bounds(p->output.low, p->output.high);
    const int32_t step = p->output.step, width = p->window.out_w, stride = p->window.stride_w;
    const int32_t pixel = p->window.pixel, last = stride == 1 ? 3 : 4;
    const uint8_t *const x[5] = { in->run[0] + 2 * channel, in->run[1] + 2 * channel, in->run[2] + 2 * channel,
                                  in->run[3] + 2 * channel, in->run[last] + 2 * channel };
    const float16x8_t w0 = edgegen_neon_load_f16(w), w1 = edgegen_neon_load_f16(w + 8);
    const float16x8_t w2 = edgegen_neon_load_f16(w + 16), w3 = edgegen_neon_load_f16(w + 24);
    const float16x8_t w4 = edgegen_neon_load_f16(w + 32), w5 = edgegen_neon_load_f16(w + 40);
    const float16x8_t w6 = edgegen_neon_load_f16(w + 48), w7 = edgegen_neon_load_f16(w + 56);
    const float16x8_t w8 = edgegen_neon_load_f16(w + 64);
    const edgegen_neon_sums_of_f16 biases = { vld1q_f32(bias), vld1q_f32(bias + 4) };
    float16x8_t watched = vreinterpretq_f16_u16(vdupq_n_u16(0));
    int32_t at = -p->left * pixel, ox = 0;
    edgegen_neon_pixels_f16 c0 = edgegen_depthwise_pixels_f16(p, x, at), c1 = c0, c2;
    at += pixel;
    if (stride == 1) {
        c1 = edgegen_depthwise_pixels_f16(p, x, at);
        at += pixel;
    }
    uint16_t *to = y + channel;
/* One column of the kernel, for an output pixel of each row. */
#define EDGEGEN_DEPTHWISE_COLUMN(c, k0, k1, k2)                                                                        \
    s = vfmaq_f16(vfmaq_f16(vfmaq_f16(s, c.r0, k0), c.r1, k1), c.r2, k2);                                              \
    if (stride == 1) {                                                                                                 \
        t = vfmaq_f16(vfmaq_f16(vfmaq_f16(t, c.r1, k0), c.r2, k1), c.r3, k2);                                          \
    } else {                                                                                                           \
        t = vfmaq_f16(vfmaq_f16(vfmaq_f16(t, c.r2, k0), c.r3, k1), c.r4, k2);                                          \
    }
/* The first one. */
#define EDGEGEN_DEPTHWISE_FIRST(c, k0, k1, k2)                                                                         \
    float16x8_t s = vfmaq_f16(vfmaq_f16(vmulq_f16(c.r0, k0), c.r1, k1), c.r2, k2), t;                                  \
    if (stride == 1) {                                                                                                 \
        t = vfmaq_f16(vfmaq_f16(vmulq_f16(c.r1, k0), c.r2, k1), c.r3, k2);                                             \
    } else {                                                                                                           \
        t = vfmaq_f16(vfmaq_f16(vmulq_f16(c.r2, k0), c.r3, k1), c.r4, k2);                                             \
    }
#define EDGEGEN_DEPTHWISE_STORE(sum, place)                                                                            \
    {                                                                                                                  \
        const edgegen_neon_sums_of_f16 sums = edgegen_neon_add_f16(biases, sum);                                       \
        const float16x8_t v = edgegen_neon_round_f16(sums.low, sums.high);                                             \
        watched = edgegen_neon_watch_f16(watched, v);                                                                  \
        edgegen_neon_store_f16(place, edgegen_neon_clamp_f16(v, bounds));                                              \
    }
/* One output pixel of each row. Its columns are a, b and c, of which c is new, and b too at stride 2. */
#define EDGEGEN_DEPTHWISE_PIXEL(a, b, c)                                                                               \
    {                                                                                                                  \
        if (stride == 2) {                                                                                             \
            b = edgegen_depthwise_pixels_f16(p, x, at);                                                                \
            at += pixel;                                                                                               \
        }                                                                                                              \
        c = edgegen_depthwise_pixels_f16(p, x, at);                                                                    \
        at += pixel;                                                                                                   \
        EDGEGEN_DEPTHWISE_FIRST(a, w0, w1, w2)                                                                         \
        EDGEGEN_DEPTHWISE_COLUMN(b, w3, w4, w5)                                                                        \
        EDGEGEN_DEPTHWISE_COLUMN(c, w6, w7, w8)                                                                        \
        EDGEGEN_DEPTHWISE_STORE(s, to)                                                                                 \
        if (second) {                                                                                                  \
            EDGEGEN_DEPTHWISE_STORE(t, to + width * step)                                                              \
        }                                                                                                              \
        to += step;                                                                                                    \
    }
    for (; EDGEGEN_DEPTHWISE_UNROLLED && stride == 1 && ox + 3 <= width; ox += 3) {
        EDGEGEN_DEPTHWISE_PIXEL(c0, c1, c2)
        EDGEGEN_DEPTHWISE_PIXEL(c1, c2, c0)
        EDGEGEN_DEPTHWISE_PIXEL(c2, c0, c1)
    }
    for (; EDGEGEN_DEPTHWISE_UNROLLED && stride == 2 && ox + 2 <= width; ox += 2) {
        EDGEGEN_DEPTHWISE_PIXEL(c0, c1, c2)
        EDGEGEN_DEPTHWISE_PIXEL(c2, c1, c0)
    }
    for (; ox < width; ox++) {
        EDGEGEN_DEPTHWISE_PIXEL(c0, c1, c2)
        c0 = stride == 1 ? c1 : c2;
        c1 = c2;
    }
#undef EDGEGEN_DEPTHWISE_PIXEL
#undef EDGEGEN_DEPTHWISE_STORE
#undef EDGEGEN_DEPTHWISE_FIRST
#undef EDGEGEN_DEPTHWISE_COLUMN
    if (!edgegen_neon_was_finite(watched)) {
        edgegen_depthwise_3x3_row_in_f32(p, x, w, bias, y + channel);
        if (second) {
            edgegen_depthwise_3x3_row_in_f32(p, x + stride, w, bias, y + channel + width * step);
        }
    }
}

EDGEGEN_DEPTHWISE_BANDS(depthwise_conv2d_f16_3x3_neon, edgegen_depthwise_conv2d_f32_neon, uint16_t, float, 8, 72, 8,
                        edgegen_depthwise_rows8_3x3_f16)

#endif
