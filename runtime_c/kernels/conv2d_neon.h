/* How the NEON convolutions find their windows: one row of output at a time. */
#ifndef EDGEGEN_CONV2D_NEON_H
#define EDGEGEN_CONV2D_NEON_H

#include "kernels/parts.h"
#include "simd/neon_tile.h"

/* A window consists of kernel_h * runs_w runs of `run` bytes that lie together in memory.
 * last:     pixels of the last row of output, where it may be shorter than out_w
 * pixel:    bytes of a pixel of x
 * row:      bytes of an input row as windows see it: with padding if rows are copied
 * copied:   rows kept in scratch, between pad_left and pad_right pixels of `fill`; 0: windows lie in x itself
 * border:   a row of `fill` follows in scratch, for windows that reach above or below the image; else rows of `fill` are
 *           among those that are copied: above the first image, they are what scratch is filled with
 * gathered: bytes from one window to the next where they are gathered in scratch, each as one run; else 0 */
typedef struct {
    int32_t in_h, in_w, pixel, row, out_w, last;
    int32_t kernel_h, runs_w, run, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    int32_t copied, border, gathered, fill;
} edgegen_neon_window;

/* tile:  pixels computed together by lanes, 1 to 6 and at most out_w
 * apart: sums of two products may overflow s16
 * backward: from the last row of the output to the first; only where windows lie in x */
typedef struct {
    int32_t batch, out_h, tile, apart, backward;
    edgegen_neon_window window;
    edgegen_parts parts;
    edgegen_neon_output output;
} edgegen_conv2d_s8_neon;

typedef struct {
    int32_t batch, out_h, tile;
    edgegen_neon_window window;
    edgegen_parts parts;
    edgegen_neon_output_f32 output;
} edgegen_conv2d_f32_neon;

EDGEGEN_INLINE uint8_t *edgegen_neon_copied_row(const edgegen_neon_window *w, uint8_t *scratch, int32_t iy)
{
    return scratch + (iy + w->copied) % w->copied * w->row;
}

/* Fills the padding in scratch; done once, because copied rows leave it as it is. */
EDGEGEN_INLINE void edgegen_neon_fill_padding(const edgegen_neon_window *w, uint8_t *scratch)
{
    const int32_t rows = w->copied + w->border;
    if (rows > 0) {
        memset(scratch, w->fill, (size_t)(rows * w->row));
    }
}

/* Copies `bytes` bytes from within scratch; may write up to 15 more. */
EDGEGEN_INLINE void edgegen_neon_gather_run(uint8_t *to, const uint8_t *from, int32_t bytes)
{
    if (bytes == 4 || bytes == 8) {
        memcpy(to, from, (size_t)bytes);
        return;
    }
    for (int32_t i = 0; i < bytes; i += 16) {
        vst1q_u8(to + i, vld1q_u8(from + i));
    }
}

/* Windows of output row oy of one image x. *next: the first input row that is not copied yet. */
EDGEGEN_INLINE edgegen_neon_rows edgegen_neon_find_row(const edgegen_neon_window *w, const uint8_t *x, uint8_t *scratch,
                                                      int32_t oy, int32_t *next)
{
    const int32_t top = oy * w->stride_h - w->pad_top;
    if (w->copied > 0) {
        const int32_t end = top + (w->kernel_h - 1) * w->dilation_h + 1;
        for (; *next < edgegen_min_s32(end, w->in_h); ++*next) {
            memcpy(edgegen_neon_copied_row(w, scratch, *next) + w->pad_left * w->pixel,
                   x + *next * w->in_w * w->pixel, (size_t)(w->in_w * w->pixel));
        }
        for (; w->border == 0 && *next < end; ++*next) {
            memset(edgegen_neon_copied_row(w, scratch, *next), w->fill, (size_t)w->row);
        }
    }
    edgegen_neon_rows row;
    for (int32_t ky = 0; ky < w->kernel_h; ky++) {
        const int32_t iy = top + ky * w->dilation_h;
        const uint8_t *first;
        if (w->border > 0 && (iy < 0 || iy >= w->in_h)) {
            first = scratch + w->copied * w->row;
        } else if (w->copied > 0) {
            first = edgegen_neon_copied_row(w, scratch, iy);
        } else {
            first = x + iy * w->row;
        }
        for (int32_t kx = 0; kx < w->runs_w; kx++) {
            row.run[ky * w->runs_w + kx] = first + kx * w->dilation_w * w->pixel;
        }
    }
    row.runs = w->kernel_h * w->runs_w;
    row.bytes = w->run;
    row.step = w->stride_w * w->pixel;
    if (w->gathered > 0) {
        uint8_t *const strip = scratch + (w->copied + w->border) * w->row;
        for (int32_t ox = 0; ox < w->out_w; ox++) {
            for (int32_t r = 0; r < row.runs; r++) {
                edgegen_neon_gather_run(strip + ox * w->gathered + r * w->run, row.run[r] + ox * row.step, w->run);
            }
        }
        row.run[0] = strip;
        row.runs = 1;
        row.bytes = row.step = w->gathered;
    }
    return row;
}

/* From a part's windows to the next's. */
EDGEGEN_INLINE void edgegen_neon_next_part(const edgegen_parts *p, edgegen_neon_rows *rows)
{
    for (int32_t r = 0; p->x != 0 && r < rows->runs; r++) {
        rows->run[r] += p->x;
    }
}

#endif
