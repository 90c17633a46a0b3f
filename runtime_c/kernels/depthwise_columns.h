/* Depthwise convolution on s8 with 3x3 filters, in registers: the rows of x that one or two rows of y need are interleaved
 * column by column for a vector of channels, and three columns at a time are multiplied. */
#ifndef EDGEGEN_DEPTHWISE_COLUMNS_H
#define EDGEGEN_DEPTHWISE_COLUMNS_H

#include "edgegen.h"

/* A vector of channels of `together` rows of y.
 * rows:     of x; outside: bits of those that lie outside the image, and are x_zero
 * left:     column of x where the first window begins
 * y_row:    bytes from the first row of y to the second, 0 if there is none: it is written first */
typedef struct {
    const uint8_t *rows[4];
    uint32_t outside;
    int32_t left, in_w, out_w, x_zero, form, zero_point, low, high;
    ptrdiff_t pixel, channels, y_row;
    const uint8_t *weights, *epilogue;
    uint8_t *y;
} edgegen_columns;

typedef void edgegen_columns_function(const edgegen_columns *s);

/* together: rows of y computed at a time, 2 if `stride` is 1, else 1
 * blocks:   of a vector of channels each
 * weights, epilogue: bytes of a block's */
typedef struct {
    int32_t batch, in_h, in_w, channels, out_h, out_w;
    int32_t stride, pad_top, pad_left, together;
    int32_t blocks, weights, epilogue;
    edgegen_columns_function *compute;
    int32_t x_zero, zero_point, low, high;
} edgegen_depthwise_columns;

/* lanes: channels of a vector */
EDGEGEN_INLINE void edgegen_walk_columns(const edgegen_depthwise_columns *p, int32_t lanes, const int8_t *x,
                                         const void *weights, const int32_t *epilogue, const int32_t *forms,
                                         int8_t *y)
{
    const ptrdiff_t in_row = (ptrdiff_t)p->in_w * p->channels, out_row = (ptrdiff_t)p->out_w * p->channels;
    edgegen_columns s = {
        .left = -p->pad_left,
        .in_w = p->in_w,
        .out_w = p->out_w,
        .x_zero = p->x_zero,
        .zero_point = p->zero_point,
        .low = p->low,
        .high = p->high,
        .pixel = p->channels,
    };
    for (int32_t n = 0; n < p->batch; n++) {
        for (int32_t oy = 0; oy < p->out_h; oy += p->together) {
            const int32_t top = oy * p->stride - p->pad_top;
            const uint8_t *const image = (const uint8_t *)x + n * p->in_h * in_row;
            s.y_row = oy + 1 < p->out_h ? out_row : 0;
            s.outside = 0;
            s.y = (uint8_t *)y + ((ptrdiff_t)n * p->out_h + oy) * out_row;
            s.weights = (const uint8_t *)weights;
            s.epilogue = (const uint8_t *)epilogue;
            s.channels = p->channels;
            for (int32_t i = 0; i < 4; i++) {
                const int32_t inside = top + i >= 0 && top + i < p->in_h && i < p->together + 2;
                s.rows[i] = image + (inside ? top + i : 0) * in_row;
                s.outside |= inside ? 0u : UINT32_C(1) << i;
            }
            for (int32_t b = 0; b < p->blocks; b++) {
                s.form = forms[b];
                p->compute(&s);
                for (int32_t i = 0; i < 4; i++) {
                    s.rows[i] += lanes;
                }
                s.y += lanes;
                s.channels -= lanes;
                s.weights += p->weights;
                s.epilogue += p->epilogue;
            }
        }
    }
}

#endif
