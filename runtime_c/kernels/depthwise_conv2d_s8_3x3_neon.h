/* Depthwise 3x3 convolution on s8 for ARMv8.0, for windows that move by one pixel or by two. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_S8_3X3_NEON_H
#define EDGEGEN_DEPTHWISE_CONV2D_S8_3X3_NEON_H

#include "kernels/depthwise_conv2d_neon.h"
#include "simd/neon_depthwise.h"

/* Pixels of the input rows of two output rows, 8 channels: 4 rows, or 5 at stride 2. */
typedef struct {
    int8x8_t r0, r1, r2, r3, r4;
} edgegen_neon_pixels;

EDGEGEN_INLINE edgegen_neon_pixels edgegen_depthwise_pixels(const edgegen_depthwise_conv2d_s8_neon *p,
                                                            const int8_t *const x[5], int32_t at)
{
    edgegen_neon_pixels c;
    if (edgegen_depthwise_inside(&p->window, p->sides, at)) {
        c.r0 = vld1_s8(x[0] + at);
        c.r1 = vld1_s8(x[1] + at);
        c.r2 = vld1_s8(x[2] + at);
        c.r3 = vld1_s8(x[3] + at);
        c.r4 = p->window.stride_w == 1 ? c.r3 : vld1_s8(x[4] + at);
    } else {
        c.r0 = c.r1 = c.r2 = c.r3 = c.r4 = vreinterpret_s8_u8(vdup_n_u8((uint8_t)p->window.fill));
    }
    return c;
}

/* Two output rows of 8 channels; `second` is 0 where there is only the first. The kernel's taps are added column by
 * column. w: [9][8] */
EDGEGEN_INLINE void edgegen_depthwise_rows8_3x3(const edgegen_depthwise_conv2d_s8_neon *p, const edgegen_neon_rows *in,
                                                int32_t channel, int32_t second, const int8_t *w,
                                                const int32_t *epilogue, int8_t *y)
{
    const edgegen_neon_output *out = &p->output;
    const int32_t width = p->window.out_w, stride = p->window.stride_w, apart = p->apart;
    const int32_t pixel = p->window.pixel, last = stride == 1 ? 3 : 4;
    const int8_t *const x[5] = { (const int8_t *)in->run[0] + channel, (const int8_t *)in->run[1] + channel,
                                 (const int8_t *)in->run[2] + channel, (const int8_t *)in->run[3] + channel,
                                 (const int8_t *)in->run[last] + channel };
    const int8x8_t w0 = vld1_s8(w), w1 = vld1_s8(w + 8), w2 = vld1_s8(w + 16), w3 = vld1_s8(w + 24);
    const int8x8_t w4 = vld1_s8(w + 32), w5 = vld1_s8(w + 40), w6 = vld1_s8(w + 48), w7 = vld1_s8(w + 56);
    const int8x8_t w8 = vld1_s8(w + 64);
    int32_t at = -p->left * pixel, ox = 0;
    edgegen_neon_pixels c0 = edgegen_depthwise_pixels(p, x, at), c1 = c0, c2;
    at += pixel;
    if (stride == 1) {
        c1 = edgegen_depthwise_pixels(p, x, at);
        at += pixel;
    }
    y += channel;
/* One output pixel of each row. Its columns are a, b and c, of which c is new, and b too at stride 2. */
#define EDGEGEN_DEPTHWISE_PIXEL(a, b, c)                                                                               \
    {                                                                                                                  \
        if (stride == 2) {                                                                                             \
            b = edgegen_depthwise_pixels(p, x, at);                                                                    \
            at += pixel;                                                                                               \
        }                                                                                                              \
        c = edgegen_depthwise_pixels(p, x, at);                                                                        \
        at += pixel;                                                                                                   \
        edgegen_neon_sums8 s = edgegen_depthwise_begin8(epilogue), t = s;                                              \
        s = edgegen_depthwise_taps8(s, apart, a.r0, w0, a.r1, w1);                                                     \
        s = edgegen_depthwise_taps8(s, apart, a.r2, w2, b.r0, w3);                                                     \
        s = edgegen_depthwise_taps8(s, apart, b.r1, w4, b.r2, w5);                                                     \
        s = edgegen_depthwise_taps8(s, apart, c.r0, w6, c.r1, w7);                                                     \
        s = edgegen_depthwise_tap8(s, c.r2, w8);                                                                       \
        if (stride == 1) {                                                                                             \
            t = edgegen_depthwise_taps8(t, apart, a.r1, w0, a.r2, w1);                                                 \
            t = edgegen_depthwise_taps8(t, apart, a.r3, w2, b.r1, w3);                                                 \
            t = edgegen_depthwise_taps8(t, apart, b.r2, w4, b.r3, w5);                                                 \
            t = edgegen_depthwise_taps8(t, apart, c.r1, w6, c.r2, w7);                                                 \
            t = edgegen_depthwise_tap8(t, c.r3, w8);                                                                   \
        } else {                                                                                                       \
            t = edgegen_depthwise_taps8(t, apart, a.r2, w0, a.r3, w1);                                                 \
            t = edgegen_depthwise_taps8(t, apart, a.r4, w2, b.r2, w3);                                                 \
            t = edgegen_depthwise_taps8(t, apart, b.r3, w4, b.r4, w5);                                                 \
            t = edgegen_depthwise_taps8(t, apart, c.r2, w6, c.r3, w7);                                                 \
            t = edgegen_depthwise_tap8(t, c.r4, w8);                                                                   \
        }                                                                                                              \
        const int8x16_t v = edgegen_neon_narrow16(edgegen_depthwise_scale8(s, epilogue, out),                          \
                                                  edgegen_depthwise_scale8(t, epilogue, out), out);                    \
        vst1_s8(y, vget_low_s8(v));                                                                                    \
        if (second) {                                                                                                  \
            vst1_s8(y + width * out->step, vget_high_s8(v));                                                           \
        }                                                                                                              \
        y += out->step;                                                                                                \
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
}

EDGEGEN_DEPTHWISE_BANDS(depthwise_conv2d_s8_3x3_neon, edgegen_depthwise_conv2d_s8_neon, int8_t, int32_t, 8, 72, 24,
                        edgegen_depthwise_rows8_3x3)

#endif
