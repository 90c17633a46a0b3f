/* Depthwise convolution on f32, read in place: windows that leave the image lose the taps outside. */
#ifndef EDGEGEN_DEPTHWISE_WINDOWS_H
#define EDGEGEN_DEPTHWISE_WINDOWS_H

#include "edgegen.h"
#include "simd/unroll.h"

/* All channels of some pixels of a row, whose windows have the same taps on the image.
 * x, weights: the first pixel's first tap
 * x_step, y_step: floats from pixel to pixel
 * x_row, x_column: floats of x from tap to tap
 * w_row, w_vector: floats of the weights from row to row of a window and from vector to vector of channels
 * rows, columns: taps
 * side: pixels that lie side by side in a vector; channels counts all of them */
typedef struct {
    const float *x, *weights, *bias;
    float *y;
    ptrdiff_t x_step, y_step, x_row, x_column, w_row, w_vector, rows, columns, pixels, side, channels;
    float low, high;
} edgegen_depthwise_strip;

typedef void edgegen_depthwise_function(const edgegen_depthwise_strip *s);

/* first, end: columns of y whose windows lie between the left and right edge
 * side:       pixels of few channels that fit into a vector, else 1
 * w_vector:   floats of the weights of a vector of channels
 * whole:      computes pixels between the edges, in rows that have all their taps
 * backward:   from the last row of y to the first */
typedef struct {
    int32_t batch, in_h, in_w, channels, out_h, out_w;
    int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    int32_t first, end, side, lanes, backward;
    edgegen_depthwise_function *whole;
    float low, high;
} edgegen_depthwise_windows;

/* Taps [*first, return) of a window that begin at `origin` lie on an axis of `size` pixels. */
EDGEGEN_INLINE int32_t edgegen_taps_inside(int32_t origin, int32_t taps, int32_t dilation, int32_t size,
                                           int32_t *first)
{
    *first = origin < 0 ? edgegen_min_s32((dilation - 1 - origin) / dilation, taps) : 0;
    const int32_t end = origin < size ? (size - origin + dilation - 1) / dilation : 0;
    return edgegen_max_s32(edgegen_min_s32(end, taps), *first);
}

/* `some` computes any pixels, one at a time or several. */
EDGEGEN_INLINE void edgegen_walk_depthwise_windows(const edgegen_depthwise_windows *p, const float *x,
                                                   const float *weights, const float *bias,
                                                   edgegen_depthwise_function *some, float *y)
{
    const ptrdiff_t in_row = (ptrdiff_t)p->in_w * p->channels;
    const ptrdiff_t w_row = (ptrdiff_t)p->kernel_w * p->lanes;
    edgegen_depthwise_strip s = {
        .bias = bias,
        .x_step = (ptrdiff_t)p->stride_w * p->channels,
        .y_step = p->channels,
        .x_row = p->dilation_h * in_row,
        .x_column = (ptrdiff_t)p->dilation_w * p->channels,
        .w_row = w_row,
        .w_vector = p->kernel_h * w_row,
        .low = p->low,
        .high = p->high,
    };
    EDGEGEN_EACH(n, p->batch, p->backward) {
        EDGEGEN_EACH(oy, p->out_h, p->backward) {
            const int32_t top = oy * p->stride_h - p->pad_top;
            int32_t ky;
            s.rows = edgegen_taps_inside(top, p->kernel_h, p->dilation_h, p->in_h, &ky) - ky;
            const ptrdiff_t row = ((ptrdiff_t)n * p->in_h + top + ky * p->dilation_h) * in_row;
            float *const out = y + ((ptrdiff_t)n * p->out_h + oy) * p->out_w * p->channels;
            for (int32_t ox = 0; ox < p->out_w; ox++) {
                const int32_t left = ox * p->stride_w - p->pad_left;
                int32_t kx = 0;
                s.columns = p->kernel_w;
                s.pixels = 1;
                s.side = 1;
                s.channels = p->channels;
                if (ox < p->first || ox >= p->end) {
                    s.columns = edgegen_taps_inside(left, p->kernel_w, p->dilation_w, p->in_w, &kx) - kx;
                } else {
                    s.pixels = p->end - p->first;
                    s.side = p->side;
                    s.channels *= p->side;
                }
                s.x = x + (row + (ptrdiff_t)(left + kx * p->dilation_w) * p->channels);
                s.weights = weights + ky * w_row + (ptrdiff_t)kx * p->lanes;
                s.y = out + (ptrdiff_t)ox * p->channels;
                if (s.pixels == p->end - p->first && s.rows == p->kernel_h && s.columns == p->kernel_w) {
                    p->whole(&s);
                } else {
                    some(&s);
                }
                ox += (int32_t)s.pixels - 1;
            }
        }
    }
}

#endif
