/* Depthwise convolution on f32 for AArch64: one output channel for each of at least 4 input channels. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_F32_NEON_H
#define EDGEGEN_DEPTHWISE_CONV2D_F32_NEON_H

#include "kernels/depthwise_conv2d_neon.h"

EDGEGEN_INLINE const float *edgegen_neon_run_f32(const edgegen_neon_rows *in, int32_t run)
{
    return (const float *)(const void *)in->run[run];
}

/* A row of 4 * groups channels, groups 1 or 4, of windows of any size. w: [taps][4 * groups] */
EDGEGEN_INLINE void edgegen_depthwise_row_f32(const edgegen_depthwise_conv2d_f32_neon *p, const edgegen_neon_rows *in,
                                              int32_t channel, const int32_t groups, const float *w, const float *bias,
                                              float *y)
{
    for (int32_t ox = 0; ox < p->window.out_w; ox++) {
        const int32_t at = ox * (in->step / 4) + channel;
        float32x4_t s0 = vld1q_f32(bias), s1 = s0, s2 = s0, s3 = s0;
        if (groups > 1) {
            s1 = vld1q_f32(bias + 4);
            s2 = vld1q_f32(bias + 8);
            s3 = vld1q_f32(bias + 12);
        }
        for (int32_t t = 0; t < in->runs; t++) {
            const float *const from = edgegen_neon_run_f32(in, t) + at, *const weights = w + 4 * groups * t;
            s0 = vfmaq_f32(s0, vld1q_f32(from), vld1q_f32(weights));
            if (groups > 1) {
                s1 = vfmaq_f32(s1, vld1q_f32(from + 4), vld1q_f32(weights + 4));
                s2 = vfmaq_f32(s2, vld1q_f32(from + 8), vld1q_f32(weights + 8));
                s3 = vfmaq_f32(s3, vld1q_f32(from + 12), vld1q_f32(weights + 12));
            }
        }
        float *const to = y + channel + ox * p->output.step;
        vst1q_f32(to, edgegen_neon_clamp_f32(s0, &p->output));
        if (groups > 1) {
            vst1q_f32(to + 4, edgegen_neon_clamp_f32(s1, &p->output));
            vst1q_f32(to + 8, edgegen_neon_clamp_f32(s2, &p->output));
            vst1q_f32(to + 12, edgegen_neon_clamp_f32(s3, &p->output));
        }
    }
}

EDGEGEN_KERNEL void edgegen_depthwise_conv2d_f32_rows(const edgegen_depthwise_conv2d_f32_neon *p, const float *x,
                                                      const float *weights, const float *bias, uint8_t *scratch,
                                                      float *y)
{
    const int32_t channels = p->output.step;
    for (int32_t n = 0; n < p->batch; n++) {
        int32_t next = 0;
        for (int32_t oy = 0; oy < p->out_h; oy++) {
            const edgegen_neon_rows rows =
                edgegen_neon_find_row(&p->window, (const uint8_t *)(const void *)x, scratch, oy, &next);
            const float *w = weights, *b = bias;
            int32_t c = 0;
            for (; c + 16 <= channels; c += 16) {
                edgegen_depthwise_row_f32(p, &rows, c, 4, w, b, y);
                w += 16 * rows.runs;
                b += 16;
            }
            for (; c < channels; c += 4) {
                edgegen_depthwise_row_f32(p, &rows, edgegen_min_s32(c, channels - 4), 1, w, b, y);
                w += 4 * rows.runs;
                b += 4;
            }
            y += p->window.out_w * channels;
        }
        x += p->window.in_h * p->window.in_w * channels;
    }
}

/* x[n,h,w,c] * weights + bias -> y, windows read where they lie in x. */
EDGEGEN_KERNEL void depthwise_conv2d_f32_neon(const edgegen_depthwise_conv2d_f32_neon *p, const float *x,
                                              const float *weights, const float *bias, float *y)
{
    edgegen_depthwise_conv2d_f32_rows(p, x, weights, bias, NULL, y);
}

/* The same for windows that reach into padding. */
EDGEGEN_KERNEL void depthwise_conv2d_f32_neon_scratch(const edgegen_depthwise_conv2d_f32_neon *p, const float *x,
                                                      const float *weights, const float *bias, uint8_t *scratch,
                                                      float *y)
{
    edgegen_neon_fill_padding(&p->window, scratch);
    edgegen_depthwise_conv2d_f32_rows(p, x, weights, bias, scratch, y);
}

#endif
