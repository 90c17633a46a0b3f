/* Maxima of windows that remember where they stood, and their way back, on f32, portable. */
#ifndef EDGEGEN_UNPOOL2D_H
#define EDGEGEN_UNPOOL2D_H

#include "edgegen.h"

/* image[batch,image_h,image_w,channels] in windows side by side, which begin pad_top and pad_left before it: h * w */
typedef struct {
    int32_t batch, image_h, image_w, h, w, channels, window_h, window_w, pad_top, pad_left;
} edgegen_unpool2d;

/* x[image] -> y[h,w], place[h,w]: left * window_h + top of the first of the largest pixels, column by column;
 * outside the image the nearest pixel repeats. */
EDGEGEN_KERNEL void argmax_pool2d_f32(const edgegen_unpool2d *p, const float *x, float *y, uint8_t *place)
{
    for (int32_t n = 0; n < p->batch; n++)
    for (int32_t oy = 0; oy < p->h; oy++)
    for (int32_t ox = 0; ox < p->w; ox++) {
        const int32_t top = oy * p->window_h - p->pad_top, left = ox * p->window_w - p->pad_left;
        for (int32_t c = 0; c < p->channels; c++) {
            int32_t best = 0;
            float most = -EDGEGEN_INFINITY;
            for (int32_t i = 0; i < p->window_w * p->window_h; i++) {
                const int32_t ix = edgegen_clamp_s32(left + i / p->window_h, 0, p->image_w - 1);
                const int32_t iy = edgegen_clamp_s32(top + i % p->window_h, 0, p->image_h - 1);
                const float v = x[((n * p->image_h + iy) * p->image_w + ix) * p->channels + c];
                if (v > most) {
                    most = v;
                    best = i;
                }
            }
            *y++ = most;
            *place++ = (uint8_t)best;
        }
    }
}

/* x[h,w], place[h,w] -> y[image], each image pixel written once and in order */
EDGEGEN_KERNEL void max_unpool2d_f32(const edgegen_unpool2d *p, const float *x, const uint8_t *place, float *y)
{
    for (int32_t row = 0; row < p->batch * p->h; row++)
    for (int32_t top = 0; top < p->window_h; top++)
    for (int32_t ox = 0; ox < p->w; ox++)
    for (int32_t left = 0; left < p->window_w; left++) {
        const int32_t from = (row * p->w + ox) * p->channels;
        for (int32_t c = 0; c < p->channels; c++) {
            *y++ = place[from + c] == left * p->window_h + top ? x[from + c] : 0.0f;
        }
    }
}

#endif
