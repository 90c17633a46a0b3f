/* Depthwise convolution on f32 for cores with the DSP extension, one filter a channel: eight channels at a time. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_F32_DSP_H
#define EDGEGEN_DEPTHWISE_CONV2D_F32_DSP_H

#include "simd/dsp_float.h"

typedef struct {
    int32_t batch, in_h, in_w, channels, out_h, out_w, kernel_h, kernel_w;
    int32_t stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    float low, high;
} edgegen_depthwise_conv2d_f32_dsp;

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void
edgegen_depthwise_f32_dsp_run(const edgegen_depthwise_conv2d_f32_dsp *p, const float *x, const float *weights,
                              const float *bias, float *y)
{
    const int32_t c = p->channels;
    edgegen_float_window w = {0, 0, 4 * p->dilation_w * c, 4 * p->dilation_h * p->in_w * c, 4 * c, 4 * p->kernel_w * c};
    for (int32_t row = 0; row < p->batch * p->out_h; row++) {
        const int32_t n = row / p->out_h;
        const int32_t top = (row - n * p->out_h) * p->stride_h - p->pad_top;
        int32_t ky, kx;
        w.rows = edgegen_dsp_taps_inside(top, p->dilation_h, p->kernel_h, p->in_h, &ky);
        for (int32_t ox = 0; ox < p->out_w; ox++) {
            const int32_t left = ox * p->stride_w - p->pad_left;
            w.columns = edgegen_dsp_taps_inside(left, p->dilation_w, p->kernel_w, p->in_w, &kx);
            const int32_t some = w.rows > 0 && w.columns > 0;
            const int32_t y_in = top + ky * p->dilation_h, x_in = left + kx * p->dilation_w;
            const float *const in = x + (some != 0 ? ((n * p->in_h + y_in) * p->in_w + x_in) * c : 0);
            const float *const filter = weights + (some != 0 ? (ky * p->kernel_w + kx) * c : 0);
            memcpy(y, bias, sizeof(float) * (size_t)c);
            for (int32_t k = 0; some != 0 && k < c;) {
                if (k + 8 <= c) {
                    edgegen_float_filter_8(y + k, in + k, filter + k, &w);
                    k += 8;
                } else if (k + 4 <= c) {
                    edgegen_float_filter_4(y + k, in + k, filter + k, &w);
                    k += 4;
                } else {
                    for (int32_t tap = 0; tap < w.rows * w.columns; tap++) {
                        const int32_t i = tap / w.columns, j = tap % w.columns;
                        y[k] += in[(i * w.x_row + j * w.x_column) / 4 + k] *
                                filter[(i * w.weights_row + j * w.weights_column) / 4 + k];
                    }
                    k += 1;
                }
            }
            for (int32_t k = 0; k < c; k++) {
                y[k] = edgegen_clamp_f32(y[k], p->low, p->high);
            }
            y += c;
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
