/* Depthwise convolution on f32 for cores with the DSP extension, one filter a channel: eight channels at a time. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_F32_DSP_H
#define EDGEGEN_DEPTHWISE_CONV2D_F32_DSP_H

#include "simd/dsp_float.h"

/* channels: that are computed, of the `step` that pixels of x and y have; backward: from the last output to the first */
typedef struct {
    int32_t batch, in_h, in_w, channels, step, out_h, out_w, kernel_h, kernel_w;
    int32_t stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left, backward;
    float low, high;
} edgegen_depthwise_conv2d_f32_dsp;

/* One channel. */
EDGEGEN_INLINE float edgegen_depthwise_f32_dsp_one(const float *in, const float *filter, const edgegen_float_window *w)
{
    float acc = *w->start;
    for (int32_t tap = 0; tap < w->rows * w->columns; tap++) {
        const int32_t i = tap / w->columns, j = tap % w->columns;
        acc += in[(i * w->x_row + j * w->x_column) / 4] * filter[(i * w->weights_row + j * w->weights_column) / 4];
    }
    return acc;
}

/* Negative results become 0 by their sign bit where that is all. */
EDGEGEN_INLINE void edgegen_depthwise_f32_dsp_clamp(float *y, int32_t count, float low, float high)
{
    if (low == 0.0f && high == EDGEGEN_INFINITY) {
        for (int32_t k = 0; k < count; k++) {
            uint32_t bits;
            memcpy(&bits, y + k, sizeof bits);
            bits &= (bits >> 31) - 1U;
            memcpy(y + k, &bits, sizeof bits);
        }
    } else if (low > -EDGEGEN_INFINITY || high < EDGEGEN_INFINITY) {
        for (int32_t k = 0; k < count; k++) {
            y[k] = edgegen_clamp_f32(y[k], low, high);
        }
    }
}

/* Channels behind the last eight of a pixel: four, then ones, or the other way round from the last one. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void
edgegen_depthwise_f32_dsp_rest(const edgegen_depthwise_conv2d_f32_dsp *p, const float *in, const float *filter,
                               const float *bias, edgegen_float_window *w, float *y)
{
    const int32_t eights = p->channels / 8 * 8, four = p->channels % 8 >= 4, ones = p->channels % 4;
    EDGEGEN_EACH(i, four + ones, p->backward) {
        const int32_t k = four != 0 && i > 0 ? eights + 3 + i : eights + i;
        w->start = bias + k;
        if (four != 0 && i == 0) {
            edgegen_float_filter_4(y + k, in + k, filter + k, w);
        } else {
            y[k] = edgegen_depthwise_f32_dsp_one(in + k, filter + k, w);
        }
    }
}

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void
edgegen_depthwise_f32_dsp_run(const edgegen_depthwise_conv2d_f32_dsp *p, const float *x, const float *weights,
                              const float *bias, float *y)
{
    const int32_t c = p->channels, step = p->step;
    edgegen_float_window w = {
        0, 0, 4 * p->dilation_w * step, 4 * p->dilation_h * p->in_w * step, 4 * c, 4 * p->kernel_w * c, bias};
    const int32_t rows = p->batch * p->out_h, backward = p->backward, eights = c / 8 * 8;
    const int32_t next = backward != 0 ? -step : step;
    const float low = p->low, high = p->high; /* which writes to y cannot change */
    y += backward != 0 ? (rows * p->out_w - 1) * step : 0;
    EDGEGEN_EACH(row, rows, backward) {
        const int32_t n = row / p->out_h;
        const int32_t top = (row - n * p->out_h) * p->stride_h - p->pad_top;
        int32_t ky, kx;
        w.rows = edgegen_dsp_taps_inside(top, p->dilation_h, p->kernel_h, p->in_h, &ky);
        EDGEGEN_EACH(ox, p->out_w, backward) {
            const int32_t left = ox * p->stride_w - p->pad_left;
            w.columns = edgegen_dsp_taps_inside(left, p->dilation_w, p->kernel_w, p->in_w, &kx);
            const int32_t some = w.rows > 0 && w.columns > 0;
            const int32_t y_in = top + ky * p->dilation_h, x_in = left + kx * p->dilation_w;
            const float *const in = x + (some != 0 ? ((n * p->in_h + y_in) * p->in_w + x_in) * step : 0);
            const float *const filter = weights + (some != 0 ? (ky * p->kernel_w + kx) * c : 0);
            if (some == 0) {
                memcpy(y, bias, sizeof(float) * (size_t)c);
            } else if (backward == 0) {
                for (int32_t k = 0; k < eights; k += 8) {
                    w.start = bias + k;
                    edgegen_float_filter_8(y + k, in + k, filter + k, &w);
                }
            }
            if (some != 0 && eights < c) {
                edgegen_depthwise_f32_dsp_rest(p, in, filter, bias, &w, y);
            }
            for (int32_t k = eights - 8; some != 0 && backward != 0 && k >= 0; k -= 8) {
                w.start = bias + k;
                edgegen_float_filter_8(y + k, in + k, filter + k, &w);
            }
            edgegen_depthwise_f32_dsp_clamp(y, c, low, high);
            y += next;
        }
    }
}

/* x[n,h,w,c] filtered by weights[kh,kw,c] + bias[c] -> y */
EDGEGEN_KERNEL void depthwise_conv2d_f32_dsp(const edgegen_depthwise_conv2d_f32_dsp *p, const float *x,
                                             const float *weights, const float *bias, float *y)
{
    edgegen_depthwise_f32_dsp_run(p, x, weights, bias, y);
}

#endif
