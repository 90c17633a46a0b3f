/* Convolution on s8 for ARMv8.0. */
#ifndef EDGEGEN_CONV2D_S8_NEON_H
#define EDGEGEN_CONV2D_S8_NEON_H

#include "kernels/conv2d_neon.h"
#include "simd/neon_pairs.h"

/* y: s8 or, with `sums`, the s32 sums */
EDGEGEN_KERNEL void edgegen_conv2d_s8_pairs(const edgegen_conv2d_s8_neon *p, const int8_t *x, const int8_t *weights,
                                            const int32_t *epilogue, uint8_t *scratch, const int32_t sums, void *results)
{
    const int32_t size = sums ? 4 : 1;
    EDGEGEN_EACH(n, p->batch, p->backward) {
        const uint8_t *const image = (const uint8_t *)x + n * p->window.in_h * p->window.in_w * p->window.pixel;
        int32_t next = 0;
        EDGEGEN_EACH(oy, p->out_h, p->backward) {
            edgegen_neon_rows rows = edgegen_neon_find_row(&p->window, image, scratch, oy, &next);
            const int32_t count = oy + 1 < p->out_h ? p->window.out_w : p->window.last;
            uint8_t *const y = (uint8_t *)results + (n * p->out_h + oy) * p->parts.row * size;
            for (int32_t i = 0; i < p->parts.count; i++) {
                edgegen_pairs_multiply(&rows, &p->output, count, p->apart, p->parts.units,
                                       weights + i * p->parts.weights, epilogue + i * p->parts.epilogue, sums,
                                       y + i * p->parts.y * size);
                edgegen_neon_next_part(&p->parts, &rows);
            }
            edgegen_take_turns(&p->parts, count, p->output.step, size, scratch, y);
        }
    }
}

/* x[n,h,w,c] * weights -> y, windows read where they lie in x; the input's zero point is folded into the bias. */
EDGEGEN_KERNEL void conv2d_s8_neon(const edgegen_conv2d_s8_neon *p, const int8_t *x, const int8_t *weights,
                                   const int32_t *epilogue, int8_t *y)
{
    edgegen_conv2d_s8_pairs(p, x, weights, epilogue, NULL, 0, y);
}

/* The same for windows that reach into padding or are gathered. */
EDGEGEN_KERNEL void conv2d_s8_neon_scratch(const edgegen_conv2d_s8_neon *p, const int8_t *x, const int8_t *weights,
                                           const int32_t *epilogue, uint8_t *scratch, int8_t *y)
{
    edgegen_neon_fill_padding(&p->window, scratch);
    edgegen_conv2d_s8_pairs(p, x, weights, epilogue, scratch, 0, y);
}

/* The same for windows that reach into padding and are read where they lie in x all the same; rows above and below the
 * image are `border`. Windows consist of one run a row, and their output of one part. */
EDGEGEN_KERNEL void conv2d_s8_neon_sides(const edgegen_conv2d_s8_neon *p, const int8_t *x, const int8_t *weights,
                                         const int32_t *epilogue, const uint8_t *border, int8_t *y)
{
    const edgegen_neon_window *const w = &p->window;
    const int32_t room = w->in_w + w->pad_left - w->run / w->pixel; /* for windows to move right in */
    const int32_t first = edgegen_min_s32((w->pad_left + w->stride_w - 1) / w->stride_w, w->out_w);
    const int32_t end = edgegen_clamp_s32(room >= 0 ? room / w->stride_w + 1 : 0, first, w->out_w);
    const int32_t step = w->stride_w * w->pixel, left = w->pad_left * w->pixel;
    const int32_t start = first < end ? first * step - left : 0;
    const edgegen_neon_sides sides = {left, w->row, start, vreinterpretq_s8_u8(vdupq_n_u8((uint8_t)w->fill))};
    EDGEGEN_EACH(n, p->batch, p->backward) {
        const uint8_t *const image = (const uint8_t *)x + n * w->in_h * w->row;
        EDGEGEN_EACH(oy, p->out_h, p->backward) {
            int8_t *const row = y + (n * p->out_h + oy) * p->parts.row;
            edgegen_neon_rows rows;
            rows.runs = w->kernel_h;
            rows.bytes = w->run;
            rows.step = step;
            for (int32_t ky = 0; ky < w->kernel_h; ky++) {
                const int32_t iy = oy * w->stride_h - w->pad_top + ky * w->dilation_h;
                rows.run[ky] = (iy < 0 || iy >= w->in_h ? border : image + iy * w->row) + start;
            }
            edgegen_pairs_multiply_sides(&rows, &sides, &p->output, first, end, w->out_w, p->apart, p->parts.units,
                                         weights, epilogue, row);
            edgegen_pairs_multiply(&rows, &p->output, end - first, p->apart, p->parts.units, weights, epilogue, 0,
                                   row + first * p->output.step);
        }
    }
}

/* The sums as they are. */
EDGEGEN_KERNEL void conv2d_s8_s32_neon(const edgegen_conv2d_s8_neon *p, const int8_t *x, const int8_t *weights,
                                       const int32_t *epilogue, int32_t *y)
{
    edgegen_conv2d_s8_pairs(p, x, weights, epilogue, NULL, 1, y);
}

EDGEGEN_KERNEL void conv2d_s8_s32_neon_scratch(const edgegen_conv2d_s8_neon *p, const int8_t *x,
                                               const int8_t *weights, const int32_t *epilogue, uint8_t *scratch,
                                               int32_t *y)
{
    edgegen_neon_fill_padding(&p->window, scratch);
    edgegen_conv2d_s8_pairs(p, x, weights, epilogue, scratch, 1, y);
}

#endif
