/* Convolution whose taps lie where offsets move them, on f32, portable. */
#ifndef EDGEGEN_DEFORM_CONV2D_H
#define EDGEGEN_DEFORM_CONV2D_H

#include "edgegen.h"

typedef struct {
    int32_t batch, in_h, in_w, channels, out_h, out_w, units, kernel_h, kernel_w, depth, offset_groups;
    int32_t stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
} edgegen_deform_conv2d;

/* A coordinate within the zeros around an image; what is no number is before it. */
EDGEGEN_INLINE float edgegen_deform_conv2d_near(float at, int32_t extent)
{
    const float end = (float)extent + 1.0f;
    return at > -2.0f ? (at < end ? at : end) : -2.0f;
}

/* Adds weight * (the pixel's channels first .. first + count - 1) to column; nothing outside of the image. */
EDGEGEN_INLINE void edgegen_deform_conv2d_add(const edgegen_deform_conv2d *p, const float *image, int32_t row,
                                              int32_t at, int32_t first, int32_t count, float weight, float *column)
{
    if (row < 0 || row >= p->in_h || at < 0 || at >= p->in_w) {
        return;
    }
    const float *pixel = image + (row * p->in_w + at) * p->channels + first;
    for (int32_t c = 0; c < count; c++) {
        column[c] += pixel[c] * weight;
    }
}

/* column[kernel_h,kernel_w,channels]: what the taps of the window at (oy, ox) read; offset and mask are the window's. */
EDGEGEN_INLINE void edgegen_deform_conv2d_gather(const edgegen_deform_conv2d *p, const float *image, int32_t oy,
                                                 int32_t ox, const float *offset, const float *mask, float *column)
{
    const int32_t taps = p->kernel_h * p->kernel_w, count = p->channels / p->offset_groups;
    memset(column, 0, (size_t)(taps * p->channels) * sizeof *column);
    for (int32_t i = 0; i < p->offset_groups * taps; i++) {
        const int32_t first = i / taps * count, tap = i % taps;
        const int32_t iy = oy * p->stride_h - p->pad_top + tap / p->kernel_w * p->dilation_h;
        const int32_t ix = ox * p->stride_w - p->pad_left + tap % p->kernel_w * p->dilation_w;
        const float y = edgegen_deform_conv2d_near((float)iy + offset[2 * i], p->in_h);
        const float x = edgegen_deform_conv2d_near((float)ix + offset[2 * i + 1], p->in_w);
        const float fy = y - floorf(y), fx = x - floorf(x), scale = mask ? mask[i] : 1.0f;
        const int32_t top = (int32_t)floorf(y), left = (int32_t)floorf(x);
        float *to = column + tap * p->channels + first;
        edgegen_deform_conv2d_add(p, image, top, left, first, count, (1.0f - fy) * (1.0f - fx) * scale, to);
        edgegen_deform_conv2d_add(p, image, top, left + 1, first, count, (1.0f - fy) * fx * scale, to);
        edgegen_deform_conv2d_add(p, image, top + 1, left, first, count, fy * (1.0f - fx) * scale, to);
        edgegen_deform_conv2d_add(p, image, top + 1, left + 1, first, count, fy * fx * scale, to);
    }
}

/* x[batch,in_h,in_w,channels], weights[units,kernel_h,kernel_w,depth], offset[batch,out_h,out_w,offset_groups,kernel_h,
 * kernel_w,2] (down, right), mask likewise without the 2 -> y[batch,out_h,out_w,units]; scratch: floats of one column */
EDGEGEN_KERNEL void deform_conv2d_masked_f32(const edgegen_deform_conv2d *p, const float *x, const float *weights,
                                             const float *offset, const float *mask, uint8_t *scratch, float *y)
{
    float *const column = (float *)(void *)scratch;
    const int32_t taps = p->kernel_h * p->kernel_w, group_units = p->units / (p->channels / p->depth);
    for (int32_t n = 0; n < p->batch; n++)
    for (int32_t oy = 0; oy < p->out_h; oy++)
    for (int32_t ox = 0; ox < p->out_w; ox++) {
        const float *image = x + n * p->in_h * p->in_w * p->channels;
        edgegen_deform_conv2d_gather(p, image, oy, ox, offset, mask, column);
        for (int32_t o = 0; o < p->units; o++) {
            const float *from = column + o / group_units * p->depth, *w = weights + o * taps * p->depth;
            float acc = 0.0f;
            for (int32_t tap = 0; tap < taps; tap++) {
                for (int32_t c = 0; c < p->depth; c++) {
                    acc += from[tap * p->channels + c] * w[tap * p->depth + c];
                }
            }
            *y++ = acc;
        }
        offset += 2 * taps * p->offset_groups;
        mask = mask ? mask + taps * p->offset_groups : NULL;
    }
}

/* The same without a mask. */
EDGEGEN_KERNEL void deform_conv2d_f32(const edgegen_deform_conv2d *p, const float *x, const float *weights,
                                      const float *offset, uint8_t *scratch, float *y)
{
    deform_conv2d_masked_f32(p, x, weights, offset, NULL, scratch, y);
}

#endif
