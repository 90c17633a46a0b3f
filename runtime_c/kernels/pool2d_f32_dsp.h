/* Average pooling on f32 for cores with the DSP extension: eight channels at a time. */
#ifndef EDGEGEN_POOL2D_F32_DSP_H
#define EDGEGEN_POOL2D_F32_DSP_H

#include "simd/dsp_float.h"

typedef struct {
    int32_t batch, in_h, in_w, channels, out_h, out_w, kernel_h, kernel_w;
    int32_t stride_h, stride_w, pad_top, pad_left;
    float low, high;
} edgegen_pool2d_f32_dsp;

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_pool2d_f32_dsp_run(const edgegen_pool2d_f32_dsp *p, const float *x,
                                                                       float *y)
{
    static const float ones[8] = {1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f}; /* the average is a filter of them */
    static const float zeros[8] = {0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f};
    const int32_t c = p->channels, row = p->in_w * c;
    edgegen_float_window w = {0, 0, 4 * c, 4 * row, 0, 0, zeros};
    for (int32_t n = 0; n < p->batch * p->out_h; n++) {
        const int32_t image = n / p->out_h, top = (n - image * p->out_h) * p->stride_h - p->pad_top;
        int32_t ky, kx;
        w.rows = edgegen_dsp_taps_inside(top, 1, p->kernel_h, p->in_h, &ky);
        for (int32_t ox = 0; ox < p->out_w; ox++) {
            const int32_t left = ox * p->stride_w - p->pad_left;
            w.columns = edgegen_dsp_taps_inside(left, 1, p->kernel_w, p->in_w, &kx);
            const float *const in = x + ((image * p->in_h + top + ky) * row + (left + kx) * c);
            const float count = (float)(w.rows * w.columns);
            for (int32_t k = 0; k < c; k += 8) {
                const int32_t first = edgegen_min_s32(k, c - 8); /* the last channels may be computed again */
                float sums[8];
                edgegen_float_filter_8(sums, in + first, ones, &w);
                for (int32_t i = 0; i < 8; i++) {
                    y[first + i] = edgegen_clamp_f32(sums[i] / count, p->low, p->high);
                }
            }
            y += c;
        }
    }
}

/* x[n,h,w,c] -> y: the average of each window's pixels on the image, for at least 8 channels. */
EDGEGEN_KERNEL void average_pool2d_f32_dsp(const edgegen_pool2d_f32_dsp *p, const float *x, float *y)
{
    edgegen_pool2d_f32_dsp_run(p, x, y);
}

#endif
