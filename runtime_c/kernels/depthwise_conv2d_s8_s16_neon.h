/* Depthwise convolution on s8 with weights of s16, which hold u8 less a zero point, for ARMv8.0. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_S8_S16_NEON_H
#define EDGEGEN_DEPTHWISE_CONV2D_S8_S16_NEON_H

#include "kernels/depthwise_conv2d_neon.h"
#include "simd/neon_depthwise.h"

/* A row of 8 channels. w: [taps][8] */
EDGEGEN_INLINE void edgegen_depthwise_row8_s16(const edgegen_depthwise_conv2d_s8_neon *p, const edgegen_neon_rows *in,
                                               int32_t channel, const int16_t *w, const int32_t *epilogue, int8_t *y)
{
    for (int32_t ox = 0; ox < p->window.out_w; ox++) {
        const int32_t at = ox * in->step + channel;
        edgegen_neon_sums8 s = edgegen_depthwise_begin8(epilogue);
        for (int32_t t = 0; t < in->runs; t++) {
            const int16x8_t x = vmovl_s8(vld1_s8((const int8_t *)in->run[t] + at)), wide = vld1q_s16(w + 8 * t);
            s.v[0] = vmlal_s16(s.v[0], vget_low_s16(x), vget_low_s16(wide));
            s.v[1] = vmlal_high_s16(s.v[1], x, wide);
        }
        vst1_s8(y + channel + ox * p->output.step,
                edgegen_neon_narrow8(edgegen_depthwise_scale8(s, epilogue, &p->output), &p->output));
    }
}

EDGEGEN_KERNEL void edgegen_depthwise_conv2d_s8_s16_rows(const edgegen_depthwise_conv2d_s8_neon *p, const int8_t *x,
                                                         const int16_t *weights, const int32_t *epilogue,
                                                         uint8_t *scratch, int8_t *y)
{
    const int32_t channels = p->output.step;
    for (int32_t n = 0; n < p->batch; n++) {
        int32_t next = 0;
        for (int32_t oy = 0; oy < p->out_h; oy++) {
            const edgegen_neon_rows rows = edgegen_neon_find_row(&p->window, (const uint8_t *)x, scratch, oy, &next);
            const int16_t *w = weights;
            const int32_t *e = epilogue;
            for (int32_t first = 0; first < channels; first += 8) {
                edgegen_depthwise_row8_s16(p, &rows, edgegen_min_s32(first, channels - 8), w, e, y);
                w += 8 * rows.runs;
                e += 24;
            }
            y += p->window.out_w * channels;
        }
        x += p->window.in_h * p->window.in_w * p->window.pixel;
    }
}

/* x[n,h,w,c] * weights -> y, windows read where they lie in x; the input's zero point is folded into the bias. */
EDGEGEN_KERNEL void depthwise_conv2d_s8_s16_neon(const edgegen_depthwise_conv2d_s8_neon *p, const int8_t *x,
                                                 const int16_t *weights, const int32_t *epilogue, int8_t *y)
{
    edgegen_depthwise_conv2d_s8_s16_rows(p, x, weights, epilogue, NULL, y);
}

/* The same for windows that reach into padding. */
EDGEGEN_KERNEL void depthwise_conv2d_s8_s16_neon_scratch(const edgegen_depthwise_conv2d_s8_neon *p, const int8_t *x,
                                                         const int16_t *weights, const int32_t *epilogue,
                                                         uint8_t *scratch, int8_t *y)
{
    edgegen_neon_fill_padding(&p->window, scratch);
    edgegen_depthwise_conv2d_s8_s16_rows(p, x, weights, epilogue, scratch, y);
}

#endif
