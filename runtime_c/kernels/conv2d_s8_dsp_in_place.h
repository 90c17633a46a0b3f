/* Convolution on s8 for the DSP extension where few units read large windows: those that lie inside the image are read
 * in place, so that scratch is one window in bytes, for those that do not. */
#ifndef EDGEGEN_CONV2D_S8_DSP_IN_PLACE_H
#define EDGEGEN_CONV2D_S8_DSP_IN_PLACE_H

#include "kernels/conv2d_s8_dsp.h"
#include "simd/dsp_window.h"

/* `rows` rows of a window from byte `at` of image rows, the first of which is x, `step` bytes apart; what lies beyond
 * their sides reads as the zero point. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_conv2d_s8_dsp_gather(const edgegen_conv2d_s8_dsp *p,
                                                                         const int8_t *x, int32_t rows, int32_t at,
                                                                         int8_t *to)
{
    const int32_t bytes = 4 * p->run_quads, size = p->in_w * p->channels, step = p->dilation_h * size;
    const int32_t begin = edgegen_clamp_s32(-at, 0, bytes), count = edgegen_clamp_s32(size - at, begin, bytes) - begin;
    memset(to, p->x_zero, (size_t)(rows * bytes));
    if (count == 0) {
        return;
    }
    const int8_t *from = x + (at + begin);
    to += begin;
    for (; rows > 0; rows--) {
        if (count >= 4) { /* words, the last of which steps back */
            for (int32_t k = 0; k < count - 4; k += 4) {
                memcpy(to + k, from + k, 4);
            }
            memcpy(to + count - 4, from + count - 4, 4);
        } else {
            for (int32_t k = 0; k < count; k++) {
                to[k] = from[k];
            }
        }
        from += rows > 1 ? step : 0;
        to += bytes;
    }
}

/* Accumulators of all units of a pixel as results. */
EDGEGEN_INLINE void edgegen_conv2d_s8_dsp_results(const edgegen_conv2d_s8_dsp *p, const int32_t *sums,
                                                  const int32_t *multipliers, int8_t *y)
{
    if (p->form == EDGEGEN_DSP_ACCUMULATOR) {
        edgegen_dsp_finish(sums, multipliers, p->units, p->shift, p->zero_point, p->low, p->high, y);
        return;
    }
    for (int32_t o = 0; o < p->units; o++) {
        y[o] = (int8_t)edgegen_clamp_s32(edgegen_dsp_scaled(sums[o], multipliers[o], p->shift), p->low, p->high);
    }
}

/* x[n,h,w,c] * stream -> y, for 4 units or more. Either as conv2d_s8_dsp computes it or, with p->pixels of 1, window by
 * window; stream: see edgegen_dsp_window_1x4, and for accumulators multiplier and shift, or a factor, of each unit */
EDGEGEN_KERNEL void conv2d_s8_dsp_in_place(const edgegen_conv2d_s8_dsp *p, const int8_t *x, const int32_t *stream,
                                           uint8_t *scratch, int8_t *y)
{
    if (p->pixels != 1) {
        conv2d_s8_dsp(p, x, stream, scratch, y);
        return;
    }
    const int32_t size = p->in_w * p->channels, bytes = 4 * p->run_quads, step = p->dilation_h * size;
    const int32_t raw = p->form == EDGEGEN_DSP_ACCUMULATOR || p->form == EDGEGEN_DSP_SCALED, each = raw ? 4 : 1;
    edgegen_dsp_window w = {.zero = edgegen_dsp_pair(-p->x_zero, -p->x_zero),
                            .form = p->form,
                            .shift = p->shift,
                            .quads = p->run_quads};
    EDGEGEN_EACH(n, p->batch, p->backward) {
        EDGEGEN_EACH(oy, p->out_h, p->backward) {
            const int32_t top = oy * p->stride_h - p->pad_top;
            int32_t first = 0;
            int32_t rows = edgegen_dsp_taps_inside(top, p->dilation_h, p->kernel_h, p->in_h, &first);
            const int32_t nothing = rows == 0; /* but padding: one row of that */
            first = nothing ? 0 : first;
            rows = nothing ? 1 : rows;
            const int8_t *const row = x + (n * p->in_h + (nothing ? 0 : top + first * p->dilation_h)) * size;
            int8_t *out = y + ((n * p->out_h + oy) * p->out_w + (p->backward != 0 ? p->out_w - 1 : 0)) * p->step;
            w.entry = edgegen_dsp_window_entry(p->run_quads, rows);
            w.before = 8 * bytes * first;
            w.weights = 8 * bytes * rows;
            w.after = 8 * bytes * (p->kernel_h - first - rows);
            EDGEGEN_EACH(ox, p->out_w, p->backward) {
                const int32_t at = nothing ? size : (ox * p->stride_w - p->pad_left) * p->channels;
                const int8_t *window = (const int8_t *)scratch;
                w.gap = 0;
                if (at >= 0 && at + bytes <= size) {
                    window = row + at;
                    w.gap = step - bytes;
                } else {
                    edgegen_conv2d_s8_dsp_gather(p, row, rows, at, (int8_t *)scratch);
                }
                uint8_t *const to = raw ? scratch + p->sums : (uint8_t *)out;
                w.bytes = p->tile_units * each;
                edgegen_dsp_window_1x4(window, stream, to, &w);
                if (p->tile_units < p->units) {
                    w.bytes = 4 * each;
                    edgegen_dsp_window_1x4(window, stream + p->last_pair, to + (p->units - 4) * each, &w);
                }
                if (raw) {
                    edgegen_conv2d_s8_dsp_results(p, (const int32_t *)(const void *)to, stream + p->multipliers, out);
                }
                out += p->backward != 0 ? -p->step : p->step;
            }
        }
    }
    edgegen_conv2d_s8_dsp_limit(p, y);
}

#endif
