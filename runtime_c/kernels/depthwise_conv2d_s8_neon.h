/* Depthwise convolution on s8 for ARMv8.0: one output channel for each of at least 8 input channels. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_S8_NEON_H
#define EDGEGEN_DEPTHWISE_CONV2D_S8_NEON_H

#include "kernels/depthwise_conv2d_neon.h"
#include "simd/neon_depthwise.h"

/* A row of 16 channels of 3x3 windows. w: [9][16] */
EDGEGEN_INLINE void edgegen_depthwise_row16_3x3(const edgegen_depthwise_conv2d_s8_neon *p, const edgegen_neon_rows *in,
                                                int32_t channel, const int8_t *w, const int32_t *epilogue, int8_t *y)
{
    const int8_t *x0 = (const int8_t *)in->run[0] + channel;
    const int8_t *x1 = (const int8_t *)in->run[3] + channel;
    const int8_t *x2 = (const int8_t *)in->run[6] + channel;
    const int32_t next = p->window.dilation_w * p->window.pixel, step = in->step, apart = p->apart;
    const int8x16_t w0 = vld1q_s8(w), w1 = vld1q_s8(w + 16), w2 = vld1q_s8(w + 32), w3 = vld1q_s8(w + 48);
    const int8x16_t w4 = vld1q_s8(w + 64), w5 = vld1q_s8(w + 80), w6 = vld1q_s8(w + 96), w7 = vld1q_s8(w + 112);
    const int8x16_t w8 = vld1q_s8(w + 128);
    for (int32_t ox = 0; ox < p->window.out_w; ox++) {
        edgegen_neon_sums16 s = edgegen_depthwise_begin16(epilogue);
        s = edgegen_depthwise_taps16(s, apart, vld1q_s8(x0), w0, vld1q_s8(x0 + next), w1);
        s = edgegen_depthwise_taps16(s, apart, vld1q_s8(x0 + 2 * next), w2, vld1q_s8(x1), w3);
        s = edgegen_depthwise_taps16(s, apart, vld1q_s8(x1 + next), w4, vld1q_s8(x1 + 2 * next), w5);
        s = edgegen_depthwise_taps16(s, apart, vld1q_s8(x2), w6, vld1q_s8(x2 + next), w7);
        s = edgegen_depthwise_tap16(s, vld1q_s8(x2 + 2 * next), w8);
        vst1q_s8(y + channel + ox * p->output.step, edgegen_depthwise_finish16(s, epilogue, &p->output));
        x0 += step;
        x1 += step;
        x2 += step;
    }
}

/* The same for 8 channels. w: [9][8] */
EDGEGEN_INLINE void edgegen_depthwise_row8_3x3(const edgegen_depthwise_conv2d_s8_neon *p, const edgegen_neon_rows *in,
                                               int32_t channel, const int8_t *w, const int32_t *epilogue, int8_t *y)
{
    const int8_t *x0 = (const int8_t *)in->run[0] + channel;
    const int8_t *x1 = (const int8_t *)in->run[3] + channel;
    const int8_t *x2 = (const int8_t *)in->run[6] + channel;
    const int32_t next = p->window.dilation_w * p->window.pixel, step = in->step, apart = p->apart;
    const int8x8_t w0 = vld1_s8(w), w1 = vld1_s8(w + 8), w2 = vld1_s8(w + 16), w3 = vld1_s8(w + 24);
    const int8x8_t w4 = vld1_s8(w + 32), w5 = vld1_s8(w + 40), w6 = vld1_s8(w + 48), w7 = vld1_s8(w + 56);
    const int8x8_t w8 = vld1_s8(w + 64);
    for (int32_t ox = 0; ox < p->window.out_w; ox++) {
        edgegen_neon_sums8 s = edgegen_depthwise_begin8(epilogue);
        s = edgegen_depthwise_taps8(s, apart, vld1_s8(x0), w0, vld1_s8(x0 + next), w1);
        s = edgegen_depthwise_taps8(s, apart, vld1_s8(x0 + 2 * next), w2, vld1_s8(x1), w3);
        s = edgegen_depthwise_taps8(s, apart, vld1_s8(x1 + next), w4, vld1_s8(x1 + 2 * next), w5);
        s = edgegen_depthwise_taps8(s, apart, vld1_s8(x2), w6, vld1_s8(x2 + next), w7);
        s = edgegen_depthwise_tap8(s, vld1_s8(x2 + 2 * next), w8);
        vst1_s8(y + channel + ox * p->output.step,
                edgegen_neon_narrow8(edgegen_depthwise_scale8(s, epilogue, &p->output), &p->output));
        x0 += step;
        x1 += step;
        x2 += step;
    }
}

/* A row of 16 channels of windows of any size. w: [taps][16] */
EDGEGEN_INLINE void edgegen_depthwise_row16(const edgegen_depthwise_conv2d_s8_neon *p, const edgegen_neon_rows *in,
                                            int32_t channel, const int8_t *w, const int32_t *epilogue, int8_t *y)
{
    for (int32_t ox = 0; ox < p->window.out_w; ox++) {
        const int32_t at = ox * in->step + channel;
        edgegen_neon_sums16 s = edgegen_depthwise_begin16(epilogue);
        int32_t t = 0;
        for (; t + 2 <= in->runs; t += 2) {
            s = edgegen_depthwise_taps16(s, p->apart, vld1q_s8((const int8_t *)in->run[t] + at), vld1q_s8(w + 16 * t),
                                         vld1q_s8((const int8_t *)in->run[t + 1] + at), vld1q_s8(w + 16 * t + 16));
        }
        if (t < in->runs) {
            s = edgegen_depthwise_tap16(s, vld1q_s8((const int8_t *)in->run[t] + at), vld1q_s8(w + 16 * t));
        }
        vst1q_s8(y + channel + ox * p->output.step, edgegen_depthwise_finish16(s, epilogue, &p->output));
    }
}

/* The same for 8 channels. w: [taps][8] */
EDGEGEN_INLINE void edgegen_depthwise_row8(const edgegen_depthwise_conv2d_s8_neon *p, const edgegen_neon_rows *in,
                                           int32_t channel, const int8_t *w, const int32_t *epilogue, int8_t *y)
{
    for (int32_t ox = 0; ox < p->window.out_w; ox++) {
        const int32_t at = ox * in->step + channel;
        edgegen_neon_sums8 s = edgegen_depthwise_begin8(epilogue);
        int32_t t = 0;
        for (; t + 2 <= in->runs; t += 2) {
            s = edgegen_depthwise_taps8(s, p->apart, vld1_s8((const int8_t *)in->run[t] + at), vld1_s8(w + 8 * t),
                                        vld1_s8((const int8_t *)in->run[t + 1] + at), vld1_s8(w + 8 * t + 8));
        }
        if (t < in->runs) {
            s = edgegen_depthwise_tap8(s, vld1_s8((const int8_t *)in->run[t] + at), vld1_s8(w + 8 * t));
        }
        vst1_s8(y + channel + ox * p->output.step,
                edgegen_neon_narrow8(edgegen_depthwise_scale8(s, epilogue, &p->output), &p->output));
    }
}

/* All channels of a row: blocks of 16, then of 8; the last of each steps back to stay inside. */
EDGEGEN_INLINE void edgegen_depthwise_row(const edgegen_depthwise_conv2d_s8_neon *p, const edgegen_neon_rows *in,
                                          const int8_t *w, const int32_t *epilogue, int8_t *y)
{
    const int32_t channels = p->output.step, is_3x3 = p->window.kernel_h == 3 && p->window.runs_w == 3;
    const int32_t wide = channels >= 16 ? (channels + 7) / 16 : 0;
    for (int32_t b = 0; b < wide; b++) {
        const int32_t channel = edgegen_min_s32(16 * b, channels - 16);
        if (is_3x3) {
            edgegen_depthwise_row16_3x3(p, in, channel, w, epilogue, y);
        } else {
            edgegen_depthwise_row16(p, in, channel, w, epilogue, y);
        }
        w += 16 * in->runs;
        epilogue += 48;
    }
    for (int32_t first = 16 * wide; first < channels; first += 8) {
        const int32_t channel = edgegen_min_s32(first, channels - 8);
        if (is_3x3) {
            edgegen_depthwise_row8_3x3(p, in, channel, w, epilogue, y);
        } else {
            edgegen_depthwise_row8(p, in, channel, w, epilogue, y);
        }
        w += 8 * in->runs;
        epilogue += 24;
    }
}

EDGEGEN_KERNEL void edgegen_depthwise_conv2d_s8_rows(const edgegen_depthwise_conv2d_s8_neon *p, const int8_t *x,
                                                     const int8_t *weights, const int32_t *epilogue, uint8_t *scratch,
                                                     int8_t *y)
{
    for (int32_t n = 0; n < p->batch; n++) {
        int32_t next = 0;
        for (int32_t oy = 0; oy < p->out_h; oy++) {
            const edgegen_neon_rows rows = edgegen_neon_find_row(&p->window, (const uint8_t *)x, scratch, oy, &next);
            edgegen_depthwise_row(p, &rows, weights, epilogue, y);
            y += p->window.out_w * p->output.step;
        }
        x += p->window.in_h * p->window.in_w * p->window.pixel;
    }
}

/* x[n,h,w,c] * weights -> y, windows read where they lie in x; the input's zero point is folded into the bias. */
EDGEGEN_KERNEL void depthwise_conv2d_s8_neon(const edgegen_depthwise_conv2d_s8_neon *p, const int8_t *x,
                                             const int8_t *weights, const int32_t *epilogue, int8_t *y)
{
    edgegen_depthwise_conv2d_s8_rows(p, x, weights, epilogue, NULL, y);
}

/* The same for windows that reach into padding. */
EDGEGEN_KERNEL void depthwise_conv2d_s8_neon_scratch(const edgegen_depthwise_conv2d_s8_neon *p, const int8_t *x,
                                                     const int8_t *weights, const int32_t *epilogue, uint8_t *scratch,
                                                     int8_t *y)
{
    edgegen_neon_fill_padding(&p->window, scratch);
    edgegen_depthwise_conv2d_s8_rows(p, x, weights, epilogue, scratch, y);
}

#endif
