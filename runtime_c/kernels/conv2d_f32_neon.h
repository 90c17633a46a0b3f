/* Convolution on f32 with FMLA. */
#ifndef EDGEGEN_CONV2D_F32_NEON_H
#define EDGEGEN_CONV2D_F32_NEON_H

#include "kernels/conv2d_neon.h"
#include "simd/neon_f32.h"

EDGEGEN_KERNEL void edgegen_conv2d_f32_lanes(const edgegen_conv2d_f32_neon *p, const float *x, const float *weights,
                                             const float *bias, uint8_t *scratch, float *y)
{
    for (int32_t n = 0; n < p->batch; n++) {
        int32_t next = 0;
        for (int32_t oy = 0; oy < p->out_h; oy++) {
            edgegen_neon_rows rows =
                edgegen_neon_find_row(&p->window, (const uint8_t *)(const void *)x, scratch, oy, &next);
            for (int32_t i = 0; i < p->parts.count; i++) {
                edgegen_f32_multiply(&rows, &p->output, p->window.out_w, p->tile, p->parts.units,
                                     weights + i * p->parts.weights, bias + i * p->parts.epilogue,
                                     y + i * p->parts.y);
                edgegen_neon_next_part(&p->parts, &rows);
            }
            edgegen_take_turns(&p->parts, p->window.out_w, p->output.step, 4, scratch, y);
            y += p->parts.row;
        }
        x += p->window.in_h * p->window.in_w * (p->window.pixel / 4);
    }
}

/* x[n,h,w,c] * weights + bias -> y, windows read where they lie in x. */
EDGEGEN_KERNEL void conv2d_f32_neon(const edgegen_conv2d_f32_neon *p, const float *x, const float *weights,
                                    const float *bias, float *y)
{
    edgegen_conv2d_f32_lanes(p, x, weights, bias, NULL, y);
}

/* The same for windows that reach into padding or are gathered. */
EDGEGEN_KERNEL void conv2d_f32_neon_scratch(const edgegen_conv2d_f32_neon *p, const float *x, const float *weights,
                                            const float *bias, uint8_t *scratch, float *y)
{
    edgegen_neon_fill_padding(&p->window, scratch);
    edgegen_conv2d_f32_lanes(p, x, weights, bias, scratch, y);
}

#endif
