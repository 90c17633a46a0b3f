/* Convolution on s8 for the DSP extension: strips of two or three pixels times register tiles of two units. */
#ifndef EDGEGEN_CONV2D_S8_DSP_H
#define EDGEGEN_CONV2D_S8_DSP_H

#include "simd/dsp_strip.h"
#include "simd/dsp_tile.h"
#include "simd/dsp_tile_bytes.h"

/* A window is read as kernel_h rows of `runs` runs (one, or one for each column where dilation keeps them apart) of
 * `run_quads` quads, a quad being four bytes; what is more than the run has weights of 0.
 *
 * pixels:     in a strip: 2 for weights widened to s16, 3 for one byte a weight
 * quads:      of a whole window
 * tile_units: units of all whole tiles; an odd last unit is computed again together with its neighbour
 * last_pair, multipliers: where in the stream the last pair begins and, for EDGEGEN_DSP_ACCUMULATOR, [units][2] of
 *             multiplier and shift; in words
 * sums:       where in scratch outputs lie that are not yet results, or that a tile writes beside the only unit's */
typedef struct {
    int32_t batch, in_h, in_w, channels, out_h, out_w, units;
    int32_t kernel_h, runs, run_quads, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    int32_t pixels, quads, tile_units, last_pair, multipliers, sums;
    int32_t form, shift, x_zero, zero_point, low, high;
} edgegen_conv2d_s8_dsp;

/* A place in the output. */
typedef struct {
    int32_t n, y, x;
} edgegen_dsp_place;

EDGEGEN_INLINE edgegen_dsp_place edgegen_dsp_place_of(const edgegen_conv2d_s8_dsp *p, int32_t pixel)
{
    const int32_t row = pixel / p->out_w, n = row / p->out_h;
    const edgegen_dsp_place place = {n, row - n * p->out_h, pixel - row * p->out_w};
    return place;
}

/* One window, any part of which may lie outside the image, into the words of one pixel. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_conv2d_s8_dsp_pixel(const edgegen_conv2d_s8_dsp *p, const int8_t *x,
                                                                        edgegen_dsp_place at, uint32_t *words)
{
    const uint32_t zero = (uint32_t)(uint8_t)p->x_zero * UINT32_C(0x01010101);
    const int32_t size = p->in_w * p->channels;
    const int32_t left = (at.x * p->stride_w - p->pad_left) * p->channels;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t iy = at.y * p->stride_h - p->pad_top + ky * p->dilation_h;
        const int8_t *const row = iy >= 0 && iy < p->in_h ? x + (at.n * p->in_h + iy) * size : NULL;
        for (int32_t kx = 0; kx < p->runs; kx++) {
            words = edgegen_dsp_widen_row(words, row, size, left + kx * p->dilation_w * p->channels, p->run_quads,
                                          zero, p->pixels);
        }
    }
}

/* The strip of pixels `first`, first + 1, ...; one that does not exist repeats the first. */
EDGEGEN_INLINE void edgegen_conv2d_s8_dsp_strip(const edgegen_conv2d_s8_dsp *p, const edgegen_dsp_windows *w,
                                                const int8_t *x, int32_t first, int32_t total, edgegen_dsp_place at,
                                                uint32_t *strip)
{
    const int32_t c = p->channels, size = p->in_w * c;
    const int32_t top = at.y * p->stride_h - p->pad_top, left = (at.x * p->stride_w - p->pad_left) * c;
    if (p->runs == 1 && top >= 0 && left >= 0 && top + (p->kernel_h - 1) * p->dilation_h < p->in_h &&
        at.x + p->pixels <= p->out_w && left + (p->pixels - 1) * w->gap + 4 * p->run_quads <= size) {
        const int8_t *const window = x + (at.n * p->in_h + top) * size + left;
        if (p->pixels == 2) {
            edgegen_dsp_widen_2(strip, window, w);
        } else {
            edgegen_dsp_widen_3(strip, window, w);
        }
        return;
    }
    for (int32_t j = 0; j < p->pixels; j++) {
        const edgegen_dsp_place place = edgegen_dsp_place_of(p, first + j < total ? first + j : first);
        edgegen_conv2d_s8_dsp_pixel(p, x, place, edgegen_dsp_pixel(strip, p->pixels, j));
    }
}

EDGEGEN_INLINE void edgegen_conv2d_s8_dsp_tiles(const edgegen_conv2d_s8_dsp *p, const uint32_t *strip,
                                                const int32_t *stream, uint8_t *out, edgegen_dsp_tile *t)
{
    if (p->pixels == 2) {
        edgegen_dsp_tile_2x2(strip, stream, out, t);
    } else {
        edgegen_dsp_tile_3x2(strip, stream, out, t);
    }
}

/* Takes outputs that lie in scratch to y. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_conv2d_s8_dsp_move(const edgegen_conv2d_s8_dsp *p,
                                                                       const uint8_t *out, int32_t step, int32_t count,
                                                                       const int32_t *multipliers, int8_t *y)
{
    for (int32_t j = 0; j < count; j++) {
        if (p->form == EDGEGEN_DSP_ACCUMULATOR) {
            edgegen_dsp_finish((const int32_t *)(const void *)out, multipliers, p->units, p->zero_point, p->low,
                               p->high, y);
        } else {
            memcpy(y, out, 1);
        }
        out += step;
        y += p->units;
    }
}

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_conv2d_s8_dsp_run(const edgegen_conv2d_s8_dsp *p, const int8_t *x,
                                                                      const int32_t *stream, uint8_t *scratch,
                                                                      int8_t *y)
{
    uint32_t *const words = (uint32_t *)(void *)scratch;
    uint32_t *const strip = words + (p->pixels == 3 ? 3 : 0);
    const int32_t total = p->batch * p->out_h * p->out_w, odd = p->units - p->tile_units;
    const int32_t size = p->form == EDGEGEN_DSP_ACCUMULATOR ? 4 : 1, wide = p->units < 2 ? 2 : p->units;
    const int32_t aside = size == 4 || p->units < 2; /* outputs pass through scratch */
    const int32_t step = total < p->pixels ? 0 : (aside != 0 ? wide : p->units) * size;
    edgegen_dsp_tile t = {{0}, p->shift, step, p->tile_units * size, p->quads, p->form};
    edgegen_dsp_tile pair = {{0}, p->shift, step, 2 * size, p->quads, p->form};
    const edgegen_dsp_windows w = {p->stride_w * p->channels, p->run_quads, p->kernel_h,
                                   p->dilation_h * p->in_w * p->channels};
    edgegen_dsp_place at = {0, 0, 0};
    words[0] = words[1] = words[2] = 0;
    for (int32_t first = 0; first < total; first += p->pixels) {
        if (first + p->pixels > total && total >= p->pixels) {
            first = total - p->pixels; /* computes some pixels again */
            at = edgegen_dsp_place_of(p, first);
        }
        edgegen_conv2d_s8_dsp_strip(p, &w, x, first, total, at, strip);
        uint8_t *const out = aside != 0 ? scratch + p->sums : (uint8_t *)(y + first * p->units);
        if (p->tile_units > 0) {
            edgegen_conv2d_s8_dsp_tiles(p, words, stream, out, &t);
        }
        if (odd != 0) {
            edgegen_conv2d_s8_dsp_tiles(p, words, stream + p->last_pair, out + (wide - 2) * size, &pair);
        }
        if (aside != 0) {
            edgegen_conv2d_s8_dsp_move(p, out, step, edgegen_min_s32(p->pixels, total), stream + p->multipliers,
                                       y + first * p->units);
        }
        at.x += p->pixels;
        while (at.x >= p->out_w) {
            at.x -= p->out_w;
            at.y += 1;
            if (at.y == p->out_h) {
                at.y = 0;
                at.n += 1;
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
