/* Depthwise 3x3 convolution on f32 for AArch64, for windows that move by one pixel or by two. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_F32_3X3_NEON_H
#define EDGEGEN_DEPTHWISE_CONV2D_F32_3X3_NEON_H

#include "kernels/depthwise_conv2d_neon.h"

EDGEGEN_INLINE float32x4_t edgegen_neon_load_f32(const uint8_t *from)
{
    return vld1q_f32((const float *)(const void *)from);
}

EDGEGEN_DEPTHWISE_PIXELS(f32, float32x4_t, edgegen_neon_load_f32, vdupq_n_f32(0.0f))

/* Two output rows of 4 channels; `second` is 0 where there is only the first. w: [columns][rows][4] */
EDGEGEN_INLINE void edgegen_depthwise_rows4_3x3(const edgegen_depthwise_conv2d_f32_neon *p, const edgegen_neon_rows *in,
                                                int32_t channel, int32_t second, const float *w, const float *biases,
                                                float *y)
{
    const edgegen_neon_output_f32 *out = &p->output;
    const float32x4_t bias = vld1q_f32(biases);
    const int32_t width = p->window.out_w, stride = p->window.stride_w;
    const int32_t pixel = p->window.pixel, last = stride == 1 ? 3 : 4;
    const uint8_t *const x[5] = { in->run[0] + 4 * channel, in->run[1] + 4 * channel, in->run[2] + 4 * channel,
                                  in->run[3] + 4 * channel, in->run[last] + 4 * channel };
    const float32x4_t w0 = vld1q_f32(w), w1 = vld1q_f32(w + 4), w2 = vld1q_f32(w + 8), w3 = vld1q_f32(w + 12);
    const float32x4_t w4 = vld1q_f32(w + 16), w5 = vld1q_f32(w + 20), w6 = vld1q_f32(w + 24), w7 = vld1q_f32(w + 28);
    const float32x4_t w8 = vld1q_f32(w + 32);
    int32_t at = -p->left * pixel, ox = 0;
    edgegen_neon_pixels_f32 c0 = edgegen_depthwise_pixels_f32(p, x, at), c1 = c0, c2;
    at += pixel;
    if (stride == 1) {
        c1 = edgegen_depthwise_pixels_f32(p, x, at);
        at += pixel;
    }
    y += channel;
/* One column of the kernel, for an output pixel of each row. */
#define EDGEGEN_DEPTHWISE_COLUMN(c, k0, k1, k2)                                                                        \
    s = vfmaq_f32(vfmaq_f32(vfmaq_f32(s, c.r0, k0), c.r1, k1), c.r2, k2);                                              \
    if (stride == 1) {                                                                                                 \
        t = vfmaq_f32(vfmaq_f32(vfmaq_f32(t, c.r1, k0), c.r2, k1), c.r3, k2);                                          \
    } else {                                                                                                           \
        t = vfmaq_f32(vfmaq_f32(vfmaq_f32(t, c.r2, k0), c.r3, k1), c.r4, k2);                                          \
    }
/* One output pixel of each row. Its columns are a, b and c, of which c is new, and b too at stride 2. */
#define EDGEGEN_DEPTHWISE_PIXEL(a, b, c)                                                                               \
    {                                                                                                                  \
        if (stride == 2) {                                                                                             \
            b = edgegen_depthwise_pixels_f32(p, x, at);                                                                \
            at += pixel;                                                                                               \
        }                                                                                                              \
        c = edgegen_depthwise_pixels_f32(p, x, at);                                                                    \
        at += pixel;                                                                                                   \
        float32x4_t s = bias, t = bias;                                                                                \
        EDGEGEN_DEPTHWISE_COLUMN(a, w0, w1, w2)                                                                        \
        EDGEGEN_DEPTHWISE_COLUMN(b, w3, w4, w5)                                                                        \
        EDGEGEN_DEPTHWISE_COLUMN(c, w6, w7, w8)                                                                        \
        vst1q_f32(y, edgegen_neon_clamp_f32(s, out));                                                                  \
        if (second) {                                                                                                  \
            vst1q_f32(y + width * out->step, edgegen_neon_clamp_f32(t, out));                                          \
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
#undef EDGEGEN_DEPTHWISE_COLUMN
}

EDGEGEN_DEPTHWISE_BANDS(depthwise_conv2d_f32_3x3_neon, edgegen_depthwise_conv2d_f32_neon, float, float, 4, 36, 4,
                        edgegen_depthwise_rows4_3x3)

#endif
