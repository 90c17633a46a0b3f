/* Depthwise convolution on f16 for AArch64: one output channel for each of at least 8 input channels.
 *
 * At most 16 products are added up in f16, and these sums in f32. Where f16 is too small for one of a row's sums, the
 * row is computed again in f32. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_F16_NEON_H
#define EDGEGEN_DEPTHWISE_CONV2D_F16_NEON_H

#include "kernels/depthwise_conv2d_neon.h"
#include "simd/neon_halves.h"

EDGEGEN_INLINE edgegen_neon_sums_of_f16 edgegen_neon_biases(const float *bias)
{
    const edgegen_neon_sums_of_f16 sums = { vld1q_f32(bias), vld1q_f32(bias + 4) };
    return sums;
}

EDGEGEN_INLINE float16x8_t edgegen_neon_tap_f16(const edgegen_neon_rows *in, int32_t tap, int32_t at)
{
    return edgegen_neon_load_f16((const uint16_t *)(const void *)in->run[tap] + at);
}

/* 8 channels of a row of windows, in f32. w: [taps][step], of which 8 are theirs */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_depthwise_row8_in_f32(const edgegen_depthwise_conv2d_f32_neon *p,
                                                                          const edgegen_neon_rows *in, int32_t channel,
                                                                          int32_t step, const uint16_t *w,
                                                                          const float *bias, uint16_t *y)
{
    const edgegen_neon_bounds_f16 bounds = edgegen_neon_bounds(p->output.low, p->output.high);
    for (int32_t ox = 0; ox < p->window.out_w; ox++) {
        edgegen_neon_sums_of_f16 sums = edgegen_neon_biases(bias);
        for (int32_t t = 0; t < in->runs; t++) {
            const float16x8_t v = edgegen_neon_tap_f16(in, t, ox * (in->step / 2) + channel);
            const float16x8_t k = edgegen_neon_load_f16(w + step * t);
            sums.low = vfmaq_f32(sums.low, vcvt_f32_f16(vget_low_f16(v)), vcvt_f32_f16(vget_low_f16(k)));
            sums.high = vfmaq_f32(sums.high, vcvt_high_f32_f16(v), vcvt_high_f32_f16(k));
        }
        edgegen_neon_store_f16(y + channel + ox * p->output.step,
                               edgegen_neon_clamp_f16(edgegen_neon_round_f16(sums.low, sums.high), bounds));
    }
}

/* A row of 8 * groups channels, groups 1 or 2, of windows of any size. w: [taps][8 * groups] */
EDGEGEN_INLINE void edgegen_depthwise_row_f16(const edgegen_depthwise_conv2d_f32_neon *p, const edgegen_neon_rows *in,
                                              int32_t channel, const int32_t groups, const uint16_t *w,
                                              const float *bias, uint16_t *y)
{
    const edgegen_neon_bounds_f16 bounds = edgegen_neon_bounds(p->output.low, p->output.high);
    const float16x8_t zero = vreinterpretq_f16_u16(vdupq_n_u16(0));
    float16x8_t watched = zero;
    for (int32_t ox = 0; ox < p->window.out_w; ox++) {
        const int32_t at = ox * (in->step / 2) + channel;
        edgegen_neon_sums_of_f16 sums = edgegen_neon_biases(bias), more = sums;
        if (groups > 1) {
            more = edgegen_neon_biases(bias + 8);
        }
        for (int32_t first = 0; first < in->runs; first += 16) {
            float16x8_t s = zero, t = zero;
            for (int32_t tap = first; tap < edgegen_min_s32(first + 16, in->runs); tap++) {
                const uint16_t *const weights = w + 8 * groups * tap;
                s = vfmaq_f16(s, edgegen_neon_tap_f16(in, tap, at), edgegen_neon_load_f16(weights));
                if (groups > 1) {
                    t = vfmaq_f16(t, edgegen_neon_tap_f16(in, tap, at + 8), edgegen_neon_load_f16(weights + 8));
                }
            }
            sums = edgegen_neon_add_f16(sums, s);
            if (groups > 1) {
                more = edgegen_neon_add_f16(more, t);
            }
        }
        uint16_t *const to = y + channel + ox * p->output.step;
        const float16x8_t v = edgegen_neon_round_f16(sums.low, sums.high);
        watched = edgegen_neon_watch_f16(watched, v);
        edgegen_neon_store_f16(to, edgegen_neon_clamp_f16(v, bounds));
        if (groups > 1) {
            const float16x8_t u = edgegen_neon_round_f16(more.low, more.high);
            watched = edgegen_neon_watch_f16(watched, u);
            edgegen_neon_store_f16(to + 8, edgegen_neon_clamp_f16(u, bounds));
        }
    }
    if (!edgegen_neon_was_finite(watched)) {
        for (int32_t g = 0; g < 8 * groups; g += 8) {
            edgegen_depthwise_row8_in_f32(p, in, channel + g, 8 * groups, w + g, bias + g, y);
        }
    }
}

EDGEGEN_KERNEL void edgegen_depthwise_conv2d_f16_rows(const edgegen_depthwise_conv2d_f32_neon *p, const uint16_t *x,
                                                      const uint16_t *weights, const float *bias, uint8_t *scratch,
                                                      uint16_t *y)
{
    const int32_t channels = p->output.step, wide = channels >= 16 ? (channels + 7) / 16 : 0;
    for (int32_t n = 0; n < p->batch; n++) {
        int32_t next = 0;
        for (int32_t oy = 0; oy < p->out_h; oy++) {
            const edgegen_neon_rows rows =
                edgegen_neon_find_row(&p->window, (const uint8_t *)(const void *)x, scratch, oy, &next);
            const uint16_t *w = weights;
            const float *b = bias;
            for (int32_t c = 0; c < wide; c++) {
                edgegen_depthwise_row_f16(p, &rows, edgegen_min_s32(16 * c, channels - 16), 2, w, b, y);
                w += 16 * rows.runs;
                b += 16;
            }
            for (int32_t c = 16 * wide; c < channels; c += 8) {
                edgegen_depthwise_row_f16(p, &rows, edgegen_min_s32(c, channels - 8), 1, w, b, y);
                w += 8 * rows.runs;
                b += 8;
            }
            y += p->window.out_w * channels;
        }
        x += p->window.in_h * p->window.in_w * channels;
    }
}

/* x[n,h,w,c] * weights + bias -> y, windows read where they lie in x. */
EDGEGEN_KERNEL void depthwise_conv2d_f16_neon(const edgegen_depthwise_conv2d_f32_neon *p, const uint16_t *x,
                                              const uint16_t *weights, const float *bias, uint16_t *y)
{
    edgegen_depthwise_conv2d_f16_rows(p, x, weights, bias, NULL, y);
}

/* The same for windows that reach into padding. */
EDGEGEN_KERNEL void depthwise_conv2d_f16_neon_scratch(const edgegen_depthwise_conv2d_f32_neon *p, const uint16_t *x,
                                                      const uint16_t *weights, const float *bias, uint8_t *scratch,
                                                      uint16_t *y)
{
    edgegen_neon_fill_padding(&p->window, scratch);
    edgegen_depthwise_conv2d_f16_rows(p, x, weights, bias, scratch, y);
}

#endif
