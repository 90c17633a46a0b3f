/* Convolution on f32 for cores with the DSP extension: strips of four pixels times register tiles of four units. */
#ifndef EDGEGEN_CONV2D_F32_DSP_H
#define EDGEGEN_CONV2D_F32_DSP_H

#include "simd/dsp_float.h"

/* taps:       of one pixel, rounded up to an even number
 * tile_units: units of all whole tiles; the others are computed in a last tile that steps back
 * step:       elements of y from one pixel to the next
 * last_tile:  where in the stream it begins, in elements; sums: where in scratch outputs go if there are less than 4
 *             units, in bytes; backward: from the last strip to the first */
typedef struct {
    int32_t batch, in_h, in_w, channels, out_h, out_w, units;
    int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    int32_t taps, tile_units, step, last_tile, sums, backward;
    float low, high;
} edgegen_conv2d_f32_dsp;

/* One pixel's window; taps outside the image are 0. */
EDGEGEN_INLINE void edgegen_conv2d_f32_dsp_pixel(const edgegen_conv2d_f32_dsp *p, const float *image, int32_t top,
                                                 int32_t left, float *strip)
{
    const int32_t c = p->channels;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t iy = top + ky * p->dilation_h;
        for (int32_t kx = 0; kx < p->kernel_w; kx++) {
            const int32_t ix = left + kx * p->dilation_w;
            if (iy >= 0 && iy < p->in_h && ix >= 0 && ix < p->in_w) {
                const float *const x = image + (iy * p->in_w + ix) * c;
                for (int32_t k = 0; k < c; k++) {
                    strip[4 * k] = x[k];
                }
            } else {
                for (int32_t k = 0; k < c; k++) {
                    strip[4 * k] = 0.0f;
                }
            }
            strip += 4 * c;
        }
    }
}

/* Four pixels of one row, windows wholly inside the image. */
EDGEGEN_INLINE void edgegen_conv2d_f32_dsp_inside(const edgegen_conv2d_f32_dsp *p, const float *x, float *strip)
{
    const int32_t run = p->kernel_w * p->channels, gap = p->stride_w * p->channels;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        strip = edgegen_float_gather(strip, x, 4 * gap, run / 2);
        if (run % 2 != 0) {
            for (int32_t j = 0; j < 4; j++) {
                *strip++ = x[j * gap + run - 1];
            }
        }
        x += p->dilation_h * p->in_w * p->channels;
    }
}

/* Fills the strip with pixels first, first + 1, ..., or with four times the first. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_conv2d_f32_dsp_strip(const edgegen_conv2d_f32_dsp *p,
                                                                         const float *x, int32_t first, int32_t same,
                                                                         float *strip)
{
    const int32_t rows = first / p->out_w;
    const int32_t ox = first - rows * p->out_w, n = rows / p->out_h, oy = rows - n * p->out_h;
    const int32_t size = p->in_h * p->in_w * p->channels;
    const int32_t iy = oy * p->stride_h - p->pad_top, ix = ox * p->stride_w - p->pad_left;
    const int32_t last = (p->kernel_w - 1) * p->dilation_w + 3 * p->stride_w;
    if (same == 0 && ox + 4 <= p->out_w && iy >= 0 && ix >= 0 && ix + last < p->in_w &&
        iy + (p->kernel_h - 1) * p->dilation_h < p->in_h && (p->dilation_w == 1 || p->kernel_w == 1)) {
        edgegen_conv2d_f32_dsp_inside(p, x + n * size + (iy * p->in_w + ix) * p->channels, strip);
        return;
    }
    for (int32_t j = 0; j < 4; j++) {
        const int32_t pixel = first + (same == 0 ? j : 0);
        const int32_t row = pixel / p->out_w, image = row / p->out_h;
        const int32_t top = (row - image * p->out_h) * p->stride_h - p->pad_top;
        const int32_t left = (pixel - row * p->out_w) * p->stride_w - p->pad_left;
        edgegen_conv2d_f32_dsp_pixel(p, x + image * size, top, left, strip + j);
    }
}

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_conv2d_f32_dsp_run(const edgegen_conv2d_f32_dsp *p, const float *x,
                                                                       const float *stream, uint8_t *scratch, float *y)
{
    float *const strip = (float *)(void *)scratch;
    const int32_t total = p->batch * p->out_h * p->out_w, same = total < 4, few = p->units < 4;
    const int32_t pixels = same != 0 ? 1 : 4, next = p->backward != 0 ? -pixels : pixels;
    const int32_t step = same != 0 ? 0 : 4 * (few != 0 ? 4 : p->step);
    const int32_t relu = p->low == 0.0f && p->high == EDGEGEN_INFINITY;
    const int32_t clamped = relu == 0 && (p->low > -EDGEGEN_INFINITY || p->high < EDGEGEN_INFINITY);
    const edgegen_float_tile t = {p->taps, p->tile_units, step, relu}, last = {p->taps, 4, step, relu};
    for (int32_t k = 0; k < 4; k++) {
        strip[4 * (p->taps - 1) + k] = 0.0f; /* an odd number of taps does not reach it */
    }
    for (int32_t from = p->backward != 0 ? (total - 1) / pixels * pixels : 0; from >= 0 && from < total; from += next) {
        const int32_t first = edgegen_min_s32(from, total - pixels);
        float *const to = y + first * p->step;
        float *const out = few != 0 ? (float *)(void *)(scratch + p->sums) : to;
        edgegen_conv2d_f32_dsp_strip(p, x, first, same, strip);
        if (p->tile_units > 0) {
            edgegen_float_tile_4x4(strip, stream, out, &t);
        }
        if (p->tile_units < p->units) {
            edgegen_float_tile_4x4(strip, stream + p->last_tile, few != 0 ? out : out + p->units - 4, &last);
        }
        for (int32_t j = 0; j < pixels; j++) {
            float *const pixel = to + j * p->step;
            for (int32_t k = 0; few != 0 && k < p->units; k++) {
                pixel[k] = out[4 * j + k];
            }
            for (int32_t k = 0; clamped != 0 && k < p->units; k++) {
                pixel[k] = edgegen_clamp_f32(pixel[k], p->low, p->high);
            }
        }
    }
}

/* x[n,h,w,c] * stream -> y; stream: see edgegen_float_tile_4x4 */
EDGEGEN_KERNEL void conv2d_f32_dsp(const edgegen_conv2d_f32_dsp *p, const float *x, const float *stream,
                                   uint8_t *scratch, float *y)
{
    edgegen_conv2d_f32_dsp_run(p, x, stream, scratch, y);
}

#endif
