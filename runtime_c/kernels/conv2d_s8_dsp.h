/* Convolution on s8 for the DSP extension: strips of two or three pixels times register tiles of two units. */
#ifndef EDGEGEN_CONV2D_S8_DSP_H
#define EDGEGEN_CONV2D_S8_DSP_H

#include "simd/dsp_strip.h"
#include "simd/dsp_tile.h"
#include "simd/dsp_tile_bytes.h"

/* A window is read as kernel_h rows of `runs` runs (one, or one for each column where dilation keeps them apart) of
 * `run_quads` quads, a quad being four bytes; what is more than the run has weights of 0. With `tails` each row has one
 * byte more, and these bytes make up a last quad.
 *
 * x_first, x_count, y_first, y_count: strips (by their first pixel) and rows whose windows lie wholly inside the image
 * pixels:     in a strip: 2 for weights widened to s16, 3 for one byte a weight; 1: see conv2d_s8_dsp_in_place
 * quads:      of a whole window; the last sum_quads of them hold sums of the others' taps, for what all units' weights
 *             have in common: each tap that of 64 quads, in strips of three
 * tile_units: units of all whole tiles; an odd last unit is computed again together with its neighbour; of tiles of
 *             four the last one steps back likewise
 * step:       elements of y from one pixel to the next
 * last_pair, multipliers: where in the stream the last tile begins and, for EDGEGEN_DSP_ACCUMULATOR, [units][2] of
 *             multiplier and shift; in words
 * backward:   from the last strip to the first
 * sums:       where in scratch outputs lie that are not yet results, or that a tile writes beside the only unit's */
typedef struct {
    int32_t batch, in_h, in_w, channels, out_h, out_w, units;
    int32_t kernel_h, runs, run_quads, tails, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    int32_t x_first, x_count, y_first, y_count;
    int32_t pixels, quads, sum_quads, tile_units, step, last_pair, multipliers, sums, backward;
    int32_t form, shift, x_zero, zero_point, low, high;
} edgegen_conv2d_s8_dsp;

typedef void edgegen_dsp_widen(uint32_t *strip, const int8_t *x, const edgegen_dsp_windows *w);
typedef void edgegen_dsp_tiles(const uint32_t *strip, const int32_t *stream, uint8_t *out, edgegen_dsp_tile *t);

/* One window, any part of which may lie outside the image, into the words of one pixel. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_conv2d_s8_dsp_pixel(const edgegen_conv2d_s8_dsp *p, const int8_t *x,
                                                                        int32_t pixel, uint32_t *words)
{
    const uint32_t zero = (uint32_t)(uint8_t)p->x_zero * UINT32_C(0x01010101);
    const int32_t out_row = pixel / p->out_w, n = out_row / p->out_h, size = p->in_w * p->channels;
    const int32_t top = (out_row - n * p->out_h) * p->stride_h - p->pad_top;
    const int32_t left = ((pixel - out_row * p->out_w) * p->stride_w - p->pad_left) * p->channels;
    int32_t tails[4] = {0, 0, 0, 0};
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t iy = top + ky * p->dilation_h;
        const int8_t *const row = iy >= 0 && iy < p->in_h ? x + (n * p->in_h + iy) * size : NULL;
        for (int32_t kx = 0; kx < p->runs; kx++) {
            words = edgegen_dsp_widen_row(words, row, size, left + kx * p->dilation_w * p->channels, p->run_quads,
                                          zero, p->pixels);
        }
        if (p->tails != 0) {
            const int32_t at = left + 4 * p->run_quads;
            tails[ky] = row != NULL && at >= 0 && at < size ? row[at] : p->x_zero;
        }
    }
    if (p->tails != 0) {
        words[0] = edgegen_dsp_pair(tails[0], tails[2]);
        words[edgegen_dsp_odd_offset(p->pixels)] = edgegen_dsp_pair(tails[1], tails[3]);
    }
}

/* A strip inside the image whose columns lie apart; x: the first pixel's window. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_conv2d_s8_dsp_apart(const edgegen_conv2d_s8_dsp *p,
                                                                        edgegen_dsp_widen *widen,
                                                                        const edgegen_dsp_windows *w, const int8_t *x,
                                                                        uint32_t *strip)
{
    const edgegen_dsp_windows columns = {w->gap, w->quads, p->runs, p->dilation_w * p->channels};
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        widen(strip, x, &columns);
        strip += 2 * p->pixels * p->runs * p->run_quads;
        x += w->row;
    }
}

/* The tails of a strip that lies inside the image; x: the first pixel's window. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_conv2d_s8_dsp_tails(const edgegen_conv2d_s8_dsp *p,
                                                                        const edgegen_dsp_windows *w, const int8_t *x,
                                                                        uint32_t *words)
{
    const int32_t odd = edgegen_dsp_odd_offset(p->pixels);
    x += 4 * p->run_quads;
    for (int32_t j = 0; j < p->pixels; j++) {
        const int8_t *const row2 = x + 2 * w->row;
        uint32_t *const to = edgegen_dsp_pixel(words, p->pixels, j);
        to[0] = edgegen_dsp_pair(x[0], p->kernel_h > 2 ? row2[0] : 0);
        to[odd] = edgegen_dsp_pair(x[w->row], p->kernel_h > 3 ? row2[w->row] : 0);
        x += w->gap;
    }
}

/* The sums of a strip's taps. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_conv2d_s8_dsp_sums(uint32_t *strip, int32_t quads)
{
    const uint32_t *from = strip;
    uint8_t *to = (uint8_t *)(strip + 6 * quads);
    for (int32_t tap = 0; quads > 0 || tap % 4 != 0; tap++) {
        int32_t sum[3] = {0, 0, 0};
        for (int32_t q = edgegen_min_s32(quads, 64); q > 0; q--) {
            for (int32_t j = 0; j < 3; j++) {
                sum[j] = edgegen_dsp_dot(from[j], UINT32_C(0x10001), sum[j]);
                sum[j] = edgegen_dsp_dot(from[3 + j], UINT32_C(0x10001), sum[j]);
            }
            from += 6;
        }
        quads -= 64;
        for (int32_t j = 0; j < 3; j++) {
            const int16_t half = (int16_t)sum[j];
            memcpy(to + 4 * j + 2 * (tap % 2), &half, 2);
        }
        to += tap % 2 == 0 ? 0 : 12;
    }
}

/* Takes outputs that lie in scratch to y: accumulators of any number of units are finished where y holds results, all
 * else is of one unit. size: bytes of y's elements */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_conv2d_s8_dsp_move(const edgegen_conv2d_s8_dsp *p,
                                                                       const uint8_t *out, int32_t step, int32_t count,
                                                                       const int32_t *multipliers, int32_t size,
                                                                       uint8_t *y)
{
    for (int32_t j = 0; j < count; j++) {
        if (p->form == EDGEGEN_DSP_ACCUMULATOR && size == 1) {
            edgegen_dsp_finish((const int32_t *)(const void *)out, multipliers, p->units, p->shift, p->zero_point,
                               p->low, p->high, (int8_t *)y);
        } else {
            memcpy(y, out, (size_t)size);
        }
        out += step;
        y += p->step * size;
    }
}

/* y_size: bytes of y's elements: 1 for results, 4 for accumulators as they are */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_conv2d_s8_dsp_run(const edgegen_conv2d_s8_dsp *p, const int8_t *x,
                                                                      const int32_t *stream, uint8_t *scratch,
                                                                      int32_t y_size, uint8_t *y)
{
    const int32_t pixels = p->pixels, wide = p->units < 2 ? 2 : p->units;
    uint32_t *const words = (uint32_t *)(void *)scratch;
    uint32_t *const strip = words + (pixels == 3 ? 3 : 0);
    edgegen_dsp_widen *const widen = pixels == 2 ? edgegen_dsp_widen_2 : edgegen_dsp_widen_3;
    edgegen_dsp_tiles *const tiles = pixels == 2 ? edgegen_dsp_tile_2x2 : edgegen_dsp_tile_3x2;
    const int32_t total = p->batch * p->out_h * p->out_w, odd = p->units - p->tile_units;
    const int32_t size = p->form == EDGEGEN_DSP_ACCUMULATOR ? 4 : 1, aside = size != y_size || p->units < 2;
    const int32_t step = total < pixels ? 0 : (aside != 0 ? wide : p->step) * size;
    edgegen_dsp_tile t = {{0}, p->shift, step, p->tile_units * size, p->quads, p->form};
    edgegen_dsp_tile pair = {{0}, p->shift, step, 2 * size, p->quads, p->form};
    const edgegen_dsp_windows w = {p->stride_w * p->channels, p->run_quads, p->kernel_h,
                                   p->dilation_h * p->in_w * p->channels};
    const int32_t next = p->backward != 0 ? -pixels : pixels;
    int32_t from = p->backward != 0 ? (total - 1) / pixels * pixels : 0; /* the strip's first pixel, if it is whole */
    int32_t rows = from / p->out_w, ox = from - rows * p->out_w;
    int32_t known = -1, x_count = 0;
    int32_t row = 0; /* where in x the windows of the current row of outputs start */
    words[0] = words[1] = words[2] = 0;
    for (; from >= 0 && from < total; from += next) {
        const int32_t first = edgegen_max_s32(edgegen_min_s32(from, total - pixels), 0);
        if (rows != known) {
            const int32_t n = rows / p->out_h, oy = rows - n * p->out_h, top = oy * p->stride_h - p->pad_top;
            x_count = oy >= p->y_first && oy < p->y_first + p->y_count ? p->x_count : 0;
            row = ((n * p->in_h + top) * p->in_w - p->pad_left) * p->channels;
            known = rows;
        }
        ox -= from - first; /* the last strip computes some pixels again, maybe of the row before */
        if (ox >= p->x_first && ox < p->x_first + x_count) {
            const int8_t *const window = x + (row + ox * w.gap);
            if (p->runs == 1) {
                widen(strip, window, &w);
            } else {
                edgegen_conv2d_s8_dsp_apart(p, widen, &w, window, strip);
            }
            if (p->tails != 0) {
                edgegen_conv2d_s8_dsp_tails(p, &w, window, strip + 2 * pixels * (p->quads - 1));
            }
        } else {
            for (int32_t j = 0; j < pixels; j++) {
                edgegen_conv2d_s8_dsp_pixel(p, x, first + j < total ? first + j : first,
                                            edgegen_dsp_pixel(strip, pixels, j));
            }
        }
        if (p->sum_quads != 0) {
            edgegen_conv2d_s8_dsp_sums(strip, p->quads - p->sum_quads);
        }
        uint8_t *const to = y + first * p->step * y_size;
        uint8_t *const out = aside != 0 ? scratch + p->sums : to;
        if (p->tile_units > 0) {
            tiles(words, stream, out, &t);
        }
        if (odd != 0) {
            tiles(words, stream + p->last_pair, out + (wide - 2) * size, &pair);
        }
        if (aside != 0) {
            edgegen_conv2d_s8_dsp_move(p, out, step, edgegen_min_s32(pixels, total), stream + p->multipliers, y_size,
                                       to);
        }
        for (ox += from - first + next; ox >= p->out_w; ox -= p->out_w) {
            rows += 1;
        }
        for (; ox < 0; ox += p->out_w) {
            rows -= 1;
        }
    }
}

/* Results, which fill all of s8, where the output's clamp is narrower. */
EDGEGEN_INLINE void edgegen_conv2d_s8_dsp_limit(const edgegen_conv2d_s8_dsp *p, int8_t *y)
{
    if (p->form != EDGEGEN_DSP_ACCUMULATOR && (p->low > -128 || p->high < 127)) {
        const int32_t pixels = p->batch * p->out_h * p->out_w, rows = p->step == p->units ? 1 : pixels;
        for (int32_t i = 0; i < rows; i++) {
            edgegen_dsp_clamp(y + i * p->step, pixels / rows * p->units, p->low, p->high);
        }
    }
}

/* x[n,h,w,c] * stream -> y; stream: see edgegen_dsp_tile_2x2 and edgegen_dsp_tile_3x2 */
EDGEGEN_KERNEL void conv2d_s8_dsp(const edgegen_conv2d_s8_dsp *p, const int8_t *x, const int32_t *stream,
                                  uint8_t *scratch, int8_t *y)
{
    edgegen_conv2d_s8_dsp_run(p, x, stream, scratch, 1, (uint8_t *)y);
    edgegen_conv2d_s8_dsp_limit(p, y);
}

/* The sums as they are. */
EDGEGEN_KERNEL void conv2d_s8_s32_dsp(const edgegen_conv2d_s8_dsp *p, const int8_t *x, const int32_t *stream,
                                      uint8_t *scratch, int32_t *y)
{
    edgegen_conv2d_s8_dsp_run(p, x, stream, scratch, (int32_t)sizeof *y, (uint8_t *)y);
}

#endif
