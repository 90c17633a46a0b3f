/* Windows of images times filters, as convolutions and dense layers compute them in register tiles.
 *
 * A window is read as `runs` stretches of memory, each of `steps` times 4 bytes. A layer whose windows leave the image,
 * or whose runs are not whole steps, reads them from a band instead: some rows of the image with their padding, copied
 * to scratch as the kernel likes them, which slides down the image. A row of pixels may be cut into pieces, each of
 * which is finished before the next: its band holds only what its windows see, and is filled anew. */
#ifndef EDGEGEN_WINDOWS_H
#define EDGEGEN_WINDOWS_H

#include "kernels/parts.h"

/* What all windows of a layer are multiplied with.
 * runs:  bytes from a window's start to each of its runs
 * forms: how each block requantizes */
typedef struct {
    const uint8_t *weights, *epilogue;
    const int32_t *runs, *forms;
} edgegen_filters;

/* A row of pixels under one block of channels.
 * x:         the first pixel's window
 * x_step, y_step: bytes from pixel to pixel
 * channels:  of y that exist
 * blocks:    of channels, one after the other; block_*: bytes from one to the next, and channels; forms: of each
 * groups:    of rows in a depthwise strip; x_group, y_group: bytes from group to group, y_row: from row to row in one */
typedef struct {
    const uint8_t *x;
    const int32_t *runs;
    ptrdiff_t run_count, steps, x_step;
    const uint8_t *weights, *epilogue;
    uint8_t *y;
    ptrdiff_t y_step, channels, pixels;
    ptrdiff_t blocks, block_weights, block_epilogue, block_y, block_channels;
    const int32_t *forms;
    ptrdiff_t groups, x_group, y_group, y_row;
    int32_t flip, form, zero_point, low, high;
    float low_f32, high_f32;
} edgegen_strip;

/* The strip, in variables of the caller's own that no store can change. Field by field: copied as a whole, it would be
 * read in vectors before the single fields just written have reached the cache. */
EDGEGEN_INLINE edgegen_strip edgegen_own_strip(const edgegen_strip *s)
{
    const edgegen_strip own = {
        .x = s->x,
        .runs = s->runs,
        .run_count = s->run_count,
        .steps = s->steps,
        .x_step = s->x_step,
        .weights = s->weights,
        .epilogue = s->epilogue,
        .y = s->y,
        .y_step = s->y_step,
        .channels = s->channels,
        .pixels = s->pixels,
        .blocks = s->blocks,
        .block_weights = s->block_weights,
        .block_epilogue = s->block_epilogue,
        .block_y = s->block_y,
        .block_channels = s->block_channels,
        .forms = s->forms,
        .groups = s->groups,
        .x_group = s->x_group,
        .y_group = s->y_group,
        .y_row = s->y_row,
        .flip = s->flip,
        .form = s->form,
        .zero_point = s->zero_point,
        .low = s->low,
        .high = s->high,
        .low_f32 = s->low_f32,
        .high_f32 = s->high_f32,
    };
    return own;
}

/* From one block of channels to the next. */
EDGEGEN_INLINE void edgegen_next_block(edgegen_strip *own)
{
    own->weights += own->block_weights;
    own->epilogue += own->block_epilogue;
    own->y += own->block_y;
    own->channels -= own->block_channels;
}

/* Computes a strip in tiles of a fixed number of pixels and vectors of channels. */
typedef void edgegen_strip_function(const edgegen_strip *s);

/* in_c:      elements of a pixel
 * extent:    rows of the (padded) image that a window spans
 * band_rows: rows of the band, 0 to read the image in place
 * band_w:    pixels in a row of the band, of which copy_w are the image's unless rows are cut
 * pixels:    of a row, cut into pieces of `piece` each and a last one of at least `tile` pixels, or not cut
 * x_step, y_step: of a strip; y_row: elements of a row of y
 * blocks:    of `vectors` vectors of channels each, which `strip` computes
 * tail_vectors, tail_strip: the same of the channels that are left, if any
 * parts:     of which each has `units` units; its x, weights and epilogue are in bytes
 * fill:      byte that padding reads as in the band
 * flip:      exclusive or of every 4 bytes that are read (s8 to u8)
 * x_zero:    subtracted from what is copied to a band of s16
 * backward:  from the last piece of the last row to the first; only where bands do not slide
 * zero_point, low, high, low_f32, high_f32: of the output */
typedef struct {
    int32_t batch, in_h, in_w, in_c, out_h, units;
    int32_t stride_h, stride_w, pad_top, pad_left, extent;
    int32_t band_rows, band_w, copy_w;
    int32_t runs, steps;
    int32_t pixels, piece, tile, x_step, y_step, y_row;
    int32_t blocks, vectors, tail_vectors;
    edgegen_strip_function *strip, *tail_strip;
    edgegen_parts parts;
    int32_t fill, flip, x_zero, zero_point, low, high, backward;
    float low_f32, high_f32;
} edgegen_windows;

/* What a tile computes: s8 results, f32, or the s32 sums of s8 as they are. */
enum { EDGEGEN_TILE_S8, EDGEGEN_TILE_F32, EDGEGEN_TILE_SUMS };

/* What differs between instruction sets and dtypes.
 * element, stored, y_element: bytes of an element of x, of the band (or of x in place) and of y
 * lanes:    channels of a vector
 * step:     bytes of weights that a vector takes for a step
 * epilogue: bytes of a vector's epilogue */
typedef struct {
    int32_t element, stored, y_element, lanes, step, epilogue;
} edgegen_window_sizes;

/* Copies `count` elements of a row of the image to the band; x_zero is the layer's. */
typedef void edgegen_band_copy(uint8_t *band, const uint8_t *x, ptrdiff_t count, int32_t x_zero);

EDGEGEN_INLINE void edgegen_copy_f32(uint8_t *band, const uint8_t *x, ptrdiff_t count, int32_t x_zero)
{
    memcpy(band, x, (size_t)count * 4);
    (void)x_zero;
}

/* Rows [begin, end) of the padded image into the band, whose first row is `first`. Margins stay as they were filled
 * at the start. */
EDGEGEN_INLINE void edgegen_fill_band(const edgegen_windows *p, edgegen_window_sizes size, const uint8_t *image,
                                      edgegen_band_copy *copy_row, uint8_t *band, int32_t first, int32_t begin,
                                      int32_t end)
{
    const ptrdiff_t row_bytes = (ptrdiff_t)p->band_w * p->in_c * size.stored;
    const ptrdiff_t count = (ptrdiff_t)p->copy_w * p->in_c;
    for (int32_t r = begin; r < end; r++) {
        uint8_t *row = band + (r - first) * row_bytes + (ptrdiff_t)p->pad_left * p->in_c * size.stored;
        const int32_t iy = r - p->pad_top;
        if (iy >= 0 && iy < p->in_h) {
            copy_row(row, image + (ptrdiff_t)iy * p->in_w * p->in_c * size.element, count, p->x_zero);
        } else {
            memset(row, p->fill, (size_t)(count * size.stored));
        }
    }
}

/* What windows see that begin in row `top` of the padded image and in column `column` of the image, `width` pixels wide. */
EDGEGEN_INLINE void edgegen_fill_piece(const edgegen_windows *p, edgegen_window_sizes size, const uint8_t *image,
                                       edgegen_band_copy *copy_row, uint8_t *band, int32_t top, int32_t column,
                                       int32_t width)
{
    const ptrdiff_t pixel = (ptrdiff_t)p->in_c * size.stored;
    const int32_t left = edgegen_min_s32(edgegen_max_s32(-column, 0), width);
    const int32_t end = edgegen_max_s32(edgegen_min_s32(width, p->in_w - column), left);
    for (int32_t r = 0; r < p->extent; r++) {
        uint8_t *row = band + r * p->band_w * pixel;
        const int32_t iy = top + r - p->pad_top;
        if (iy < 0 || iy >= p->in_h) {
            memset(row, p->fill, (size_t)(width * pixel));
            continue;
        }
        if (left > 0) {
            memset(row, p->fill, (size_t)(left * pixel));
        }
        if (left < end) {
            const ptrdiff_t first = ((ptrdiff_t)iy * p->in_w + column + left) * p->in_c;
            copy_row(row + left * pixel, image + first * size.element, (ptrdiff_t)(end - left) * p->in_c, p->x_zero);
        }
        if (end < width) {
            memset(row + end * pixel, p->fill, (size_t)((width - end) * pixel));
        }
    }
}

/* All channels of a part of the pixels at s->x. */
EDGEGEN_INLINE void edgegen_compute_part(const edgegen_windows *p, edgegen_window_sizes size,
                                         const edgegen_filters *filters, edgegen_strip *s, uint8_t *y)
{
    s->block_weights = (ptrdiff_t)p->vectors * p->runs * p->steps * size.step;
    s->block_epilogue = (ptrdiff_t)p->vectors * size.epilogue;
    s->block_channels = (ptrdiff_t)p->vectors * size.lanes;
    s->block_y = s->block_channels * size.y_element;
    s->blocks = p->blocks;
    s->weights = filters->weights;
    s->epilogue = filters->epilogue;
    s->forms = filters->forms;
    s->y = y;
    s->channels = p->units;
    if (p->blocks > 0) {
        p->strip(s);
    }
    if (p->tail_vectors > 0) {
        s->weights += p->blocks * s->block_weights;
        s->epilogue += p->blocks * s->block_epilogue;
        s->forms = s->forms == NULL ? NULL : s->forms + p->blocks;
        s->form = s->forms == NULL ? 0 : s->forms[0];
        s->y += p->blocks * s->block_y;
        s->channels -= p->blocks * s->block_channels;
        s->blocks = 1;
        p->tail_strip(s);
    }
}

/* All parts of the pixels at s->x. */
EDGEGEN_INLINE void edgegen_compute_pixels(const edgegen_windows *p, edgegen_window_sizes size,
                                           edgegen_filters filters, edgegen_strip *s, uint8_t *scratch, uint8_t *y)
{
    const int32_t forms = p->blocks + (p->tail_vectors > 0);
    for (int32_t i = 0; i < p->parts.count; i++) {
        edgegen_compute_part(p, size, &filters, s, y + (ptrdiff_t)i * p->parts.y * size.y_element);
        s->x += p->parts.x;
        filters.weights += p->parts.weights;
        filters.epilogue += p->parts.epilogue;
        filters.forms = filters.forms == NULL ? NULL : filters.forms + forms;
    }
    edgegen_take_turns(&p->parts, (int32_t)s->pixels, p->y_step / size.y_element, size.y_element, scratch, y);
}

/* A row of pixels, piece by piece. top: the first row of the padded image that its windows see */
EDGEGEN_INLINE void edgegen_compute_pieces(const edgegen_windows *p, edgegen_window_sizes size,
                                           const edgegen_filters *filters, edgegen_strip *s, const uint8_t *image,
                                           edgegen_band_copy *copy_row, uint8_t *band, int32_t top, uint8_t *y)
{
    const int32_t pieces = 1 + (p->pixels - p->tile) / p->piece, last = p->pixels - (pieces - 1) * p->piece;
    const int32_t longest = pieces > 1 ? edgegen_max_s32(p->piece, last) : last;
    for (int32_t i = 0; i < pieces; i++) {
        const int32_t j = p->backward ? pieces - 1 - i : i, first = j * p->piece;
        const int32_t pixels = j == pieces - 1 ? last : p->piece;
        if (band && p->band_rows) {
            edgegen_fill_piece(p, size, image, copy_row, band, top, first * p->stride_w - p->pad_left,
                               p->band_w - (longest - pixels) * p->stride_w);
            s->x = band;
        } else {
            s->x = image + (ptrdiff_t)top * p->in_w * p->in_c * size.stored + first * p->x_step;
        }
        s->pixels = pixels;
        edgegen_compute_pixels(p, size, *filters, s, band, y + (ptrdiff_t)first * p->y_step);
    }
}

/* Windows of x times filters -> y. */
EDGEGEN_INLINE void edgegen_walk_windows(const edgegen_windows *p, edgegen_window_sizes size,
                                         const edgegen_filters *filters, const void *x, edgegen_band_copy *copy_row,
                                         uint8_t *band, void *y)
{
    const int32_t band_rows = band ? p->band_rows : 0; /* which gcc can tell where scratch is NULL for all calls */
    const ptrdiff_t row_bytes = (ptrdiff_t)(band_rows ? p->band_w : p->in_w) * p->in_c * size.stored;
    const ptrdiff_t image_bytes = (ptrdiff_t)p->in_h * p->in_w * p->in_c * size.element;
    const int32_t rows = p->batch * p->out_h, last = (p->out_h - 1) * p->stride_h + p->extent;
    edgegen_strip strip = {
        .runs = filters->runs,
        .run_count = p->runs,
        .steps = p->steps,
        .x_step = p->x_step,
        .y_step = p->y_step,
        .pixels = p->pixels,
        .flip = p->flip,
        .zero_point = p->zero_point,
        .low = p->low,
        .high = p->high,
        .low_f32 = p->low_f32,
        .high_f32 = p->high_f32,
    };
    if (band_rows) { /* and 3 bytes more, for the last run's last step */
        memset(band, p->fill, (size_t)(band_rows * row_bytes + 3));
    }
    int32_t first = 0, filled = 0; /* a band that slides holds rows [first, filled) of the padded image */
    for (int32_t i = 0; i < rows; i++) {
        const int32_t row = p->backward ? rows - 1 - i : i, oy = row % p->out_h, top = oy * p->stride_h;
        const uint8_t *image = (const uint8_t *)x + row / p->out_h * image_bytes;
        uint8_t *out = (uint8_t *)y + (ptrdiff_t)row * p->y_row * size.y_element;
        if (p->piece < p->pixels) {
            edgegen_compute_pieces(p, size, filters, &strip, image, copy_row, band, top, out);
            continue;
        }
        filled = oy == 0 ? 0 : filled;
        if (band_rows && filled < top + p->extent) {
            const int32_t kept = edgegen_max_s32(filled - top, 0);
            if (first < top && kept > 0) {
                memmove(band, band + (top - first) * row_bytes, (size_t)(kept * row_bytes));
            }
            first = top;
            filled = edgegen_min_s32(top + band_rows, last);
            edgegen_fill_band(p, size, image, copy_row, band, first, top + kept, filled);
        }
        strip.x = band_rows ? band + (top - first) * row_bytes : image + top * row_bytes;
        edgegen_compute_pixels(p, size, *filters, &strip, band, out);
    }
}

#endif
