/* Depthwise convolution on s8 over interleaved rows.
 *
 * `unit` rows of the image are interleaved element by element in scratch, as the instruction that adds up `unit`
 * products wants them: [set of rows][column][channel][row], with the image's left and right margins. Out of the sets
 * that `extent` rows fill, `together` rows of the output are computed, each with weights of its own: zeros for the
 * rows that its window does not reach. */
#ifndef EDGEGEN_DEPTHWISE_ROWS_H
#define EDGEGEN_DEPTHWISE_ROWS_H

#include "kernels/windows.h"

/* channels:  of a pixel of x and y; pixel: of an interleaved one, which may be padded
 * together:  rows of the output computed from the same sets, a group; passes: in so many passes over the group
 * groups:    interleaved at a time
 * sets:      of `unit` interleaved rows, for a group
 * row_step:  rows of x from one interleaved row to the next (the dilation)
 * band_w:    columns of a set, of which copy_w are the image's
 * taps:      multiply-adds an output
 * blocks:    of `vectors` vectors of channels, and one of tail_vectors if that is not 0
 * pixels, x_step, y_step: of a strip
 * the others as in edgegen_windows */
typedef struct {
    int32_t batch, in_h, in_w, channels, pixel, out_h, out_w;
    int32_t stride_h, pad_top, pad_left;
    int32_t unit, together, passes, groups, sets, row_step, band_w, copy_w;
    int32_t taps, blocks, vectors, tail_vectors;
    edgegen_strip_function *strip, *tail_strip;
    int32_t pixels, x_step, y_step, x_zero;
    int32_t fill, zero_point, low, high;
} edgegen_depthwise_rows;

/* Interleaves n elements of `unit` rows: n * 4 bytes. x_zero is the layer's. */
typedef void edgegen_interleave(uint8_t *set, const uint8_t *const *rows, ptrdiff_t n, int32_t x_zero);

/* The sets of one group, whose first interleaved row is row `top` of the image. */
EDGEGEN_INLINE void edgegen_interleave_rows(const edgegen_depthwise_rows *p, const uint8_t *image,
                                            const uint8_t *outside, edgegen_interleave *interleave, uint8_t *sets,
                                            int32_t top)
{
    for (int32_t q = 0; q < p->sets; q++) {
        uint8_t *set = sets + ((ptrdiff_t)q * p->band_w + p->pad_left) * p->pixel * 4;
        const uint8_t *rows[4];
        for (int32_t i = 0; i < p->unit; i++) {
            const int32_t iy = top + (q * p->unit + i) * p->row_step;
            rows[i] = iy >= 0 && iy < p->in_h ? image + (ptrdiff_t)iy * p->in_w * p->channels : outside;
        }
        if (p->pixel == p->channels) {
            interleave(set, rows, (ptrdiff_t)p->copy_w * p->channels, p->x_zero);
            continue;
        }
        for (int32_t column = 0; column < p->copy_w; column++) {
            interleave(set + (ptrdiff_t)column * p->pixel * 4, rows, p->channels, p->x_zero);
            for (int32_t i = 0; i < p->unit; i++) {
                rows[i] += p->channels;
            }
        }
    }
}

/* All channels of `groups` groups of rows of y, whose sets are in scratch. lanes: channels of a vector */
EDGEGEN_INLINE void edgegen_compute_groups(const edgegen_depthwise_rows *p, int32_t lanes, int32_t epilogue,
                                           const edgegen_filters *filters, const uint8_t *sets, int32_t groups,
                                           uint8_t *y)
{
    const ptrdiff_t y_row = (ptrdiff_t)p->out_w * p->channels;
    const ptrdiff_t rows = p->together / p->passes;
    const ptrdiff_t vector_bytes = (ptrdiff_t)p->taps * rows * lanes * 4;
    edgegen_strip strip = {
        .runs = filters->runs,
        .run_count = p->taps,
        .weights = filters->weights,
        .x_step = p->x_step,
        .y_step = p->y_step,
        .pixels = p->pixels,
        .groups = groups,
        .x_group = (ptrdiff_t)p->sets * p->band_w * p->pixel * 4,
        .y_group = p->together * y_row,
        .y_row = y_row,
        .zero_point = p->zero_point,
        .low = p->low,
        .high = p->high,
    };
    for (int32_t pass = 0; pass < p->passes; pass++) {
        for (int32_t b = 0; b < p->blocks + (p->tail_vectors > 0); b++) {
            const int32_t done = b * p->vectors;
            strip.epilogue = filters->epilogue + (ptrdiff_t)done * epilogue;
            strip.form = filters->forms[b];
            strip.x = sets + (ptrdiff_t)done * lanes * 4;
            strip.y = y + pass * rows * y_row + (ptrdiff_t)done * lanes;
            strip.channels = p->y_step - done * lanes;
            if (b < p->blocks) {
                p->strip(&strip);
                strip.weights += p->vectors * vector_bytes;
            } else {
                p->tail_strip(&strip);
                strip.weights += p->tail_vectors * vector_bytes;
            }
        }
    }
}

/* epilogue: bytes of a vector's. The last group steps back so that it ends with the last row of y. */
EDGEGEN_INLINE void edgegen_walk_depthwise(const edgegen_depthwise_rows *p, int32_t lanes, int32_t epilogue,
                                           const edgegen_filters *filters, const int8_t *x,
                                           edgegen_interleave *interleave, uint8_t *scratch, int8_t *y)
{
    const ptrdiff_t group_bytes = (ptrdiff_t)p->sets * p->band_w * p->pixel * 4;
    const ptrdiff_t row_bytes = (ptrdiff_t)p->in_w * p->channels;
    const ptrdiff_t y_row = (ptrdiff_t)p->out_w * p->channels;
    uint8_t *const outside = scratch + p->groups * group_bytes;
    memset(scratch, p->fill, (size_t)(p->groups * group_bytes));
    memset(outside, p->x_zero, (size_t)row_bytes);
    for (int32_t n = 0; n < p->batch; n++) {
        const uint8_t *image = (const uint8_t *)x + n * p->in_h * row_bytes;
        uint8_t *out = (uint8_t *)y + n * p->out_h * y_row;
        for (int32_t oy = 0; oy < p->out_h;) {
            const int32_t whole = edgegen_min_s32((p->out_h - oy) / p->together, p->groups);
            const int32_t groups = edgegen_max_s32(whole, 1);
            oy = edgegen_min_s32(oy, p->out_h - p->together);
            for (int32_t g = 0; g < groups; g++) {
                const int32_t top = (oy + g * p->together) * p->stride_h - p->pad_top;
                edgegen_interleave_rows(p, image, outside, interleave, scratch + g * group_bytes, top);
            }
            edgegen_compute_groups(p, lanes, epilogue, filters, scratch, groups, out + oy * y_row);
            oy += groups * p->together;
        }
    }
}

#endif
