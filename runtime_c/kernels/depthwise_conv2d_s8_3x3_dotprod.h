/* Depthwise 3x3 convolution on s8 with SDOT, for windows that move pixel by pixel. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_S8_3X3_DOTPROD_H
#define EDGEGEN_DEPTHWISE_CONV2D_S8_3X3_DOTPROD_H

#include "kernels/depthwise_conv2d_neon.h"

/* Pixels of 4 rows, 8 channels: each 4 bytes are one channel, the rows from top to bottom. */
typedef struct {
    int8x16_t low, high;
} edgegen_neon_column;

EDGEGEN_INLINE edgegen_neon_column edgegen_depthwise_column(const edgegen_depthwise_conv2d_s8_neon *p,
                                                            const int8_t *const x[4], int32_t at)
{
    edgegen_neon_column column;
    if (edgegen_depthwise_inside(&p->window, p->sides, at)) {
        const int8x16_t r0 = edgegen_neon_load8_s8(x[0] + at), r1 = edgegen_neon_load8_s8(x[1] + at);
        const int8x16_t r2 = edgegen_neon_load8_s8(x[2] + at), r3 = edgegen_neon_load8_s8(x[3] + at);
        const int16x8_t upper = vreinterpretq_s16_s8(vzip1q_s8(r0, r1));
        const int16x8_t lower = vreinterpretq_s16_s8(vzip1q_s8(r2, r3));
        column.low = vreinterpretq_s8_s16(vzip1q_s16(upper, lower));
        column.high = vreinterpretq_s8_s16(vzip2q_s16(upper, lower));
    } else {
        column.low = column.high = vreinterpretq_s8_u8(vdupq_n_u8((uint8_t)p->window.fill));
    }
    return column;
}

/* Two output rows of 8 channels, `second` 0 where there is only the first. x: the four input rows.
 * w: [columns of the kernel][2 output rows][8 channels][4 input rows] */
EDGEGEN_INLINE void edgegen_depthwise_rows8_dot(const edgegen_depthwise_conv2d_s8_neon *p, const edgegen_neon_rows *in,
                                                int32_t channel, int32_t second, const int8_t *w,
                                                const int32_t *epilogue, int8_t *y)
{
    const edgegen_neon_output *out = &p->output;
    const int32_t width = p->window.out_w, step = in->step;
    const int8_t *const x[4] = { (const int8_t *)in->run[0] + channel, (const int8_t *)in->run[1] + channel,
                                 (const int8_t *)in->run[2] + channel, (const int8_t *)in->run[3] + channel };
    const int8x16_t w00 = vld1q_s8(w), w01 = vld1q_s8(w + 16), w02 = vld1q_s8(w + 32), w03 = vld1q_s8(w + 48);
    const int8x16_t w10 = vld1q_s8(w + 64), w11 = vld1q_s8(w + 80), w12 = vld1q_s8(w + 96), w13 = vld1q_s8(w + 112);
    const int8x16_t w20 = vld1q_s8(w + 128), w21 = vld1q_s8(w + 144), w22 = vld1q_s8(w + 160), w23 = vld1q_s8(w + 176);
    const int32x4_t b0 = vld1q_s32(epilogue), b1 = vld1q_s32(epilogue + 12);
    const edgegen_neon_factor f0 = edgegen_neon_load_factor(epilogue + 4), f1 = edgegen_neon_load_factor(epilogue + 16);
    int32_t at = -p->left * step, ox = 0;
    edgegen_neon_column c0 = edgegen_depthwise_column(p, x, at), c1 = edgegen_depthwise_column(p, x, at + step), c2;
    at += 2 * step;
    y += channel;
/* One output pixel of each row; its columns a, b and c, of which c is new. */
#define EDGEGEN_DEPTHWISE_PIXEL(a, b, c)                                                                               \
    {                                                                                                                  \
        c = edgegen_depthwise_column(p, x, at);                                                                        \
        int32x4_t s0 = vdotq_s32(vdotq_s32(vdotq_s32(b0, a.low, w00), b.low, w10), c.low, w20);                        \
        int32x4_t s1 = vdotq_s32(vdotq_s32(vdotq_s32(b1, a.high, w01), b.high, w11), c.high, w21);                     \
        int32x4_t s2 = vdotq_s32(vdotq_s32(vdotq_s32(b0, a.low, w02), b.low, w12), c.low, w22);                        \
        int32x4_t s3 = vdotq_s32(vdotq_s32(vdotq_s32(b1, a.high, w03), b.high, w13), c.high, w23);                     \
        s0 = edgegen_neon_scale(s0, f0, out);                                                                          \
        s1 = edgegen_neon_scale(s1, f1, out);                                                                          \
        s2 = edgegen_neon_scale(s2, f0, out);                                                                          \
        s3 = edgegen_neon_scale(s3, f1, out);                                                                          \
        const int8x16_t v = edgegen_neon_narrow16(edgegen_neon_join(s0, s1), edgegen_neon_join(s2, s3), out);          \
        vst1_s8(y, vget_low_s8(v));                                                                                    \
        if (second) {                                                                                                  \
            vst1_s8(y + width * out->step, vget_high_s8(v));                                                           \
        }                                                                                                              \
        y += out->step;                                                                                                \
        at += step;                                                                                                    \
    }
    for (; EDGEGEN_DEPTHWISE_UNROLLED && ox + 3 <= width; ox += 3) {
        EDGEGEN_DEPTHWISE_PIXEL(c0, c1, c2)
        EDGEGEN_DEPTHWISE_PIXEL(c1, c2, c0)
        EDGEGEN_DEPTHWISE_PIXEL(c2, c0, c1)
    }
    for (; ox < width; ox++) {
        EDGEGEN_DEPTHWISE_PIXEL(c0, c1, c2)
        c0 = c1;
        c1 = c2;
    }
#undef EDGEGEN_DEPTHWISE_PIXEL
}

EDGEGEN_DEPTHWISE_BANDS(depthwise_conv2d_s8_3x3_dotprod, edgegen_depthwise_conv2d_s8_neon, int8_t, int32_t, 8, 192, 24,
                        edgegen_depthwise_rows8_dot)

#endif
