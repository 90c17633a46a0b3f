/* Convolution on s8 for the DSP extension: strips of two or three pixels times register tiles of two units. */
#ifndef EDGEGEN_CONV2D_S8_DSP_H
#define EDGEGEN_CONV2D_S8_DSP_H

#include "simd/dsp_strip.h"
#include "simd/dsp_tile.h"
#include "simd/dsp_tile_bytes.h"

/* pixels:     in a strip: 2 for weights widened to s16, 3 for one byte a weight
 * quads:      of one pixel's taps; each row of the kernel is padded to whole quads
 * tile_units: units of all whole tiles; an odd last unit is computed again together with its neighbour
 * last_pair, multipliers: where in the stream the last pair begins and, for EDGEGEN_DSP_ACCUMULATOR, [units][2] of
 *             multiplier and shift; in words
 * window:     where in scratch a row of taps that crosses an edge is put together; in bytes
 * sums:       where in scratch outputs lie that are not yet results, or that a tile writes beside the only unit's */
typedef struct {
    int32_t batch, in_h, in_w, channels, out_h, out_w, units;
    int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    int32_t pixels, quads, tile_units, last_pair, multipliers, window, sums;
    int32_t form, shift, x_zero, zero_point, low, high;
} edgegen_conv2d_s8_dsp;

/* Row ky of the window at (iy, ix) of an image, into the words of one pixel; taps outside the image are x_zero. */
EDGEGEN_INLINE uint32_t *edgegen_conv2d_s8_dsp_row(const edgegen_conv2d_s8_dsp *p, const int8_t *image, int32_t iy,
                                                   int32_t ix, int8_t *window, uint32_t *words)
{
    const int32_t c = p->channels, run = p->kernel_w * c;
    const int8_t *x = image + (iy * p->in_w + ix) * c;
    if (iy < 0 || iy >= p->in_h) {
        memset(window, p->x_zero, (size_t)run);
        x = window;
    } else if (ix < 0 || ix + (p->kernel_w - 1) * p->dilation_w >= p->in_w || (p->dilation_w > 1 && p->kernel_w > 1)) {
        int8_t *to = window;
        for (int32_t kx = 0; kx < p->kernel_w; kx++) {
            const int32_t at = ix + kx * p->dilation_w;
            const int32_t inside = at >= 0 && at < p->in_w;
            const int8_t *from = image + (iy * p->in_w + at) * c;
            for (int32_t k = 0; k < c; k++) {
                to[k] = inside != 0 ? from[k] : (int8_t)p->x_zero;
            }
            to += c;
        }
        x = window;
    }
    return edgegen_dsp_widen_1(words, x, run, p->pixels);
}

/* Neighbouring pixels of one row, windows wholly inside the image: all of the strip at once. */
EDGEGEN_INLINE void edgegen_conv2d_s8_dsp_inside(const edgegen_conv2d_s8_dsp *p, const int8_t *x, uint32_t *strip)
{
    const int32_t run = p->kernel_w * p->channels, gap = p->stride_w * p->channels;
    const int32_t row = p->dilation_h * p->in_w * p->channels;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        strip = p->pixels == 2 ? edgegen_dsp_widen_2(strip, x, gap, run >> 2)
                               : edgegen_dsp_widen_3(strip, x, gap, run >> 2);
        if ((run & 3) != 0) {
            for (int32_t j = 0; j < p->pixels; j++) {
                edgegen_dsp_widen_quad(edgegen_dsp_pixel(strip, p->pixels, j), edgegen_dsp_odd_offset(p->pixels),
                                       x + j * gap + (run & ~3), run & 3);
            }
            strip += 2 * p->pixels;
        }
        x += row;
    }
}

/* Fills the strip for pixels first, first + 1, ...; one that does not exist repeats the last. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_conv2d_s8_dsp_strip(const edgegen_conv2d_s8_dsp *p, const int8_t *x,
                                                                        int32_t first, int32_t count, int8_t *window,
                                                                        uint32_t *strip)
{
    const int32_t rows = first / p->out_w;
    const int32_t ox = first - rows * p->out_w, n = rows / p->out_h, oy = rows - n * p->out_h;
    const int32_t size = p->in_h * p->in_w * p->channels;
    const int32_t iy = oy * p->stride_h - p->pad_top, ix = ox * p->stride_w - p->pad_left;
    const int32_t last = (p->kernel_w - 1) * p->dilation_w + (p->pixels - 1) * p->stride_w;
    if (count == p->pixels && ox + count <= p->out_w && iy >= 0 && ix >= 0 && ix + last < p->in_w &&
        iy + (p->kernel_h - 1) * p->dilation_h < p->in_h && (p->dilation_w == 1 || p->kernel_w == 1)) {
        edgegen_conv2d_s8_dsp_inside(p, x + n * size + (iy * p->in_w + ix) * p->channels, strip);
        return;
    }
    for (int32_t j = 0; j < p->pixels; j++) {
        const int32_t pixel = first + (j < count ? j : count - 1);
        const int32_t row = pixel / p->out_w, image = row / p->out_h;
        const int32_t top = (row - image * p->out_h) * p->stride_h - p->pad_top;
        const int32_t left = (pixel - row * p->out_w) * p->stride_w - p->pad_left;
        uint32_t *words = edgegen_dsp_pixel(strip, p->pixels, j);
        for (int32_t ky = 0; ky < p->kernel_h; ky++) {
            words = edgegen_conv2d_s8_dsp_row(p, x + image * size, top + ky * p->dilation_h, left, window, words);
        }
    }
}

EDGEGEN_INLINE void edgegen_conv2d_s8_dsp_tiles(const edgegen_conv2d_s8_dsp *p, const uint32_t *strip,
                                                const int32_t *stream, uint8_t *out, const edgegen_dsp_tile *t)
{
    if (p->pixels == 2) {
        edgegen_dsp_tile_2x2(strip, stream, out, t);
    } else {
        edgegen_dsp_tile_3x2(strip, stream, out, t);
    }
}

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_conv2d_s8_dsp_run(const edgegen_conv2d_s8_dsp *p, const int8_t *x,
                                                                      const int32_t *stream, uint8_t *scratch,
                                                                      int8_t *y)
{
    uint32_t *const words = (uint32_t *)(void *)scratch;
    uint32_t *const strip = words + (p->pixels == 3 ? 3 : 0);
    int8_t *const window = (int8_t *)scratch + p->window;
    const int32_t total = p->batch * p->out_h * p->out_w, odd = p->units - p->tile_units;
    const int32_t accumulators = p->form == EDGEGEN_DSP_ACCUMULATOR;
    const int32_t size = accumulators != 0 ? 4 : 1, wide = p->units < 2 ? 2 : p->units;
    const int32_t aside = accumulators != 0 || p->units < 2; /* outputs pass through scratch */
    const int32_t step = total < p->pixels ? 0 : (aside != 0 ? wide : p->units) * size;
    const edgegen_dsp_tile t = {p->quads, p->tile_units * size, step, p->form, p->shift};
    const edgegen_dsp_tile pair = {p->quads, 2 * size, step, p->form, p->shift};
    words[0] = words[1] = words[2] = 0;
    for (int32_t done = 0; done < total; done += p->pixels) {
        const int32_t first = edgegen_max_s32(edgegen_min_s32(done, total - p->pixels), 0);
        const int32_t count = edgegen_min_s32(p->pixels, total);
        edgegen_conv2d_s8_dsp_strip(p, x, first, count, window, strip);
        uint8_t *const out = aside != 0 ? scratch + p->sums : (uint8_t *)(y + first * p->units);
        if (p->tile_units > 0) {
            edgegen_conv2d_s8_dsp_tiles(p, words, stream, out, &t);
        }
        if (odd != 0) {
            edgegen_conv2d_s8_dsp_tiles(p, words, stream + p->last_pair, out + (wide - 2) * size, &pair);
        }
        for (int32_t j = 0; aside != 0 && j < count; j++) {
            int8_t *const to = y + (first + j) * p->units;
            if (accumulators != 0) {
                edgegen_dsp_finish((const int32_t *)(const void *)(out + j * step), stream + p->multipliers, p->units,
                                   p->zero_point, p->low, p->high, to);
            } else {
                memcpy(to, out + j * step, 1);
            }
        }
    }
}

/* x[n,h,w,c] * stream -> y; stream: see edgegen_dsp_tile_2x2 and edgegen_dsp_tile_3x2 */
EDGEGEN_KERNEL void conv2d_s8_dsp(const edgegen_conv2d_s8_dsp *p, const int8_t *x, const int32_t *stream,
                                  uint8_t *scratch, int8_t *y)
{
    edgegen_conv2d_s8_dsp_run(p, x, stream, scratch, y);
}

#endif
