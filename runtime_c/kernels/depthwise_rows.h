/* Depthwise convolution on s8 over interleaved rows, a vector of channels after the other, or all channels together.
 *
 * `unit` rows of the image are interleaved element by element in scratch, as the instruction that adds up `unit`
 * products wants them: [set of rows][column][channel][row], with the image's left and right margins. Out of the sets
 * that `extent` rows fill, `together` rows of the output are computed, each with weights of its own: zeros for the
 * rows that its window does not reach. */
#ifndef EDGEGEN_DEPTHWISE_ROWS_H
#define EDGEGEN_DEPTHWISE_ROWS_H

#include "kernels/windows.h"

/* channels:  of a pixel of x and y
 * pixel:     interleaved elements of a pixel: all its channels, or a vector of them
 * together:  rows of the output computed from the same sets, a group; passes: in so many passes over the group
 * groups:    interleaved at a time; down: of rows of one pixel, which a strip computes as the pixels of a row
 * sets:      of `unit` interleaved rows, for a group
 * row_step:  rows of x from one interleaved row to the next (the dilation)
 * band_w:    columns of a set; extent_w: columns that a window spans
 * taps:      multiply-adds an output
 * blocks:    of a vector of channels each, of which `vectors` are interleaved together
 * pixels:    of a row, cut into pieces of `piece` each and a last one of at least `tile` pixels, or not cut
 * x_step, y_step: of a strip
 * the others as in edgegen_windows */
typedef struct {
    int32_t batch, in_h, in_w, channels, pixel, out_h, out_w;
    int32_t stride_h, stride_w, pad_top, pad_left;
    int32_t unit, together, passes, groups, down, sets, row_step, band_w, extent_w;
    int32_t taps, blocks, vectors;
    edgegen_strip_function *strip;
    int32_t pixels, piece, tile, x_step, y_step, x_zero;
    int32_t fill, zero_point, low, high;
} edgegen_depthwise_rows;

/* Interleaves `channels` channels, at most a vector, of `columns` pixels, which lie `step` bytes apart in each of `unit`
 * rows: 4 bytes a channel, a vector a pixel. outside: bits of the rows that lie outside the image, and are x_zero */
typedef void edgegen_interleave(uint8_t *set, const uint8_t *const *rows, uint32_t outside, ptrdiff_t step,
                                int32_t columns, ptrdiff_t channels, int32_t x_zero);

/* Columns [first, end) of the sets of one group, whose first interleaved row is row `top` of the image; image: the
 * block's first channel of its first pixel */
EDGEGEN_INLINE void edgegen_interleave_rows(const edgegen_depthwise_rows *p, int32_t lanes, const uint8_t *image,
                                            edgegen_interleave *interleave, uint8_t *sets, int32_t top, int32_t first,
                                            int32_t end, ptrdiff_t channels)
{
    const ptrdiff_t pixel = 4 * p->pixel;
    for (int32_t q = 0; q < p->sets; q++) {
        uint8_t *const set = sets + q * p->band_w * pixel;
        const uint8_t *rows[4];
        uint32_t outside = 0;
        for (int32_t i = 0; i < p->unit; i++) {
            const int32_t iy = top + (q * p->unit + i) * p->row_step;
            const int32_t inside = iy >= 0 && iy < p->in_h;
            outside |= inside ? 0u : UINT32_C(1) << i;
            rows[i] = image + ((ptrdiff_t)(inside ? iy : 0) * p->in_w + first) * p->channels;
        }
        if (p->pixel != p->channels) {
            interleave(set, rows, outside, p->channels, end - first, channels, p->x_zero);
            continue;
        }
        const ptrdiff_t elements = (ptrdiff_t)(end - first) * p->channels, whole = elements / lanes * lanes;
        interleave(set, rows, outside, lanes, (int32_t)(elements / lanes), lanes, p->x_zero);
        for (int32_t i = 0; i < p->unit; i++) {
            rows[i] += whole;
        }
        if (whole < elements) {
            interleave(set + 4 * whole, rows, outside, lanes, 1, elements - whole, p->x_zero);
        }
    }
}

/* The sets of `groups` groups for the windows of a piece that begin in row `top` and column `left` of the image, which
 * is `width` columns wide. Margins of rows that are not cut stay as they were filled at the start. */
EDGEGEN_INLINE void edgegen_interleave_groups(const edgegen_depthwise_rows *p, int32_t lanes, const uint8_t *image,
                                              edgegen_interleave *interleave, uint8_t *scratch, int32_t groups,
                                              int32_t top, int32_t left, int32_t width, ptrdiff_t channels)
{
    const ptrdiff_t pixel = 4 * p->pixel, set_bytes = p->band_w * pixel;
    const int32_t first = edgegen_max_s32(left, 0), end = edgegen_min_s32(left + width, p->in_w);
    for (int32_t q = 0; p->piece < p->pixels && q < groups * p->sets; q++) {
        uint8_t *const set = scratch + q * set_bytes;
        if (first > left) {
            memset(set, p->fill, (size_t)((first - left) * pixel));
        }
        if (end < left + width) {
            memset(set + (end - left) * pixel, p->fill, (size_t)((left + width - end) * pixel));
        }
    }
    for (int32_t g = 0; g < groups; g++) {
        edgegen_interleave_rows(p, lanes, image, interleave, scratch + g * p->sets * set_bytes + (first - left) * pixel,
                                top + g * p->together * p->stride_h, first, end, channels);
    }
}

/* `p->vectors` vectors of channels, from block `first_block` on, of all rows of an image, piece by piece. Where a pass of
 * the last group has one row of y less, the strip writes its second row first, and the first over it. strip: what is the
 * same for all of them; epilogue: bytes of a vector's; image, y: their first channel of the first pixel */
EDGEGEN_INLINE void edgegen_compute_blocks(const edgegen_depthwise_rows *p, int32_t lanes, int32_t epilogue,
                                           const edgegen_filters *filters, const uint8_t *image,
                                           edgegen_interleave *interleave, edgegen_strip *strip, uint8_t *scratch,
                                           int32_t first_block, uint8_t *y)
{
    const int32_t pieces = p->piece < p->pixels ? 1 + (p->pixels - p->tile) / p->piece : 1;
    const int32_t rows = p->together / p->passes;
    const ptrdiff_t y_row = (ptrdiff_t)p->out_w * p->channels, left = p->y_step - (ptrdiff_t)first_block * lanes;
    const ptrdiff_t pass_bytes = (ptrdiff_t)p->taps * rows * lanes * 4;
    for (int32_t oy = 0, groups = 0; oy < p->out_h; oy += groups * p->together) {
        groups = edgegen_max_s32(edgegen_min_s32((p->out_h - oy) / p->together, p->groups), 1);
        for (int32_t i = 0; i < pieces; i++) {
            const int32_t first = i * p->piece, pixels = i == pieces - 1 ? p->pixels - first : p->piece;
            const int32_t width = pieces > 1 ? (pixels - 1) * p->stride_w + p->extent_w : p->band_w;
            uint8_t *const out = y + oy * y_row + (ptrdiff_t)first * p->y_step;
            edgegen_interleave_groups(p, lanes, image, interleave, scratch, groups, oy * p->stride_h - p->pad_top,
                                      first * p->stride_w - p->pad_left, width, left);
            strip->pixels = p->down ? groups : pixels;
            strip->groups = p->down ? 1 : groups;
            for (int32_t v = 0; v < p->vectors; v++) {
                const ptrdiff_t b = first_block + v;
                strip->x = scratch + (ptrdiff_t)v * lanes * 4;
                strip->channels = left - (ptrdiff_t)v * lanes;
                strip->epilogue = filters->epilogue + b * epilogue;
                strip->form = filters->forms[b];
                strip->weights = filters->weights + b * p->passes * pass_bytes;
                for (int32_t pass = 0; pass < p->passes && oy + pass * rows < p->out_h; pass++) {
                    strip->y = out + pass * rows * y_row + (ptrdiff_t)v * lanes;
                    strip->y_row = oy + (pass + 1) * rows <= p->out_h ? y_row : 0;
                    p->strip(strip);
                    strip->weights += pass_bytes;
                }
            }
        }
    }
}

/* lanes: channels of a vector; epilogue: bytes of a vector's */
EDGEGEN_INLINE void edgegen_walk_depthwise(const edgegen_depthwise_rows *p, int32_t lanes, int32_t epilogue,
                                           const edgegen_filters *filters, const int8_t *x,
                                           edgegen_interleave *interleave, uint8_t *scratch, int8_t *y)
{
    const ptrdiff_t group_bytes = (ptrdiff_t)p->sets * p->band_w * 4 * p->pixel;
    const ptrdiff_t x_image = (ptrdiff_t)p->in_h * p->in_w * p->channels;
    const ptrdiff_t y_row = (ptrdiff_t)p->out_w * p->channels;
    edgegen_strip strip = {
        .runs = filters->runs,
        .run_count = p->taps,
        .x_step = p->down ? group_bytes : p->x_step,
        .y_step = p->down ? p->together * y_row : p->y_step,
        .x_group = group_bytes,
        .y_group = p->together * y_row,
        .zero_point = p->zero_point,
        .low = p->low,
        .high = p->high,
    };
    if (p->piece >= p->pixels && (p->pad_left > 0 || p->band_w > p->in_w)) {
        memset(scratch, p->fill, (size_t)(p->groups * group_bytes));
    }
    for (int32_t n = 0; n < p->batch; n++) {
        for (int32_t b = 0; b < p->blocks; b += p->vectors) {
            const ptrdiff_t done = (ptrdiff_t)b * lanes;
            edgegen_compute_blocks(p, lanes, epilogue, filters, (const uint8_t *)x + n * x_image + done, interleave,
                                   &strip, scratch, b, (uint8_t *)y + n * p->out_h * y_row + done);
        }
    }
}

#endif
