/* Convolution on f16 with FMLA. */
#ifndef EDGEGEN_CONV2D_F16_NEON_H
#define EDGEGEN_CONV2D_F16_NEON_H

#include "kernels/conv2d_neon.h"
#include "simd/neon_f16.h"

EDGEGEN_KERNEL void edgegen_conv2d_f16_lanes(const edgegen_conv2d_f32_neon *p, const uint16_t *x,
                                             const uint16_t *weights, const float *bias, uint8_t *scratch, uint16_t *y)
{
    const edgegen_neon_window *const window = &p->window;
    const edgegen_f16_shape windows = { window->kernel_h * window->runs_w, window->run / 2,
                                        window->stride_w * (window->pixel / 2) };
    const edgegen_f16_shape gathered = { 1, window->gathered / 2, window->gathered / 2 };
    for (int32_t n = 0; n < p->batch; n++) {
        int32_t next = 0;
        for (int32_t oy = 0; oy < p->out_h; oy++) {
            edgegen_neon_rows rows =
                edgegen_neon_find_row(&p->window, (const uint8_t *)(const void *)x, scratch, oy, &next);
            const int32_t pixels = oy + 1 < p->out_h ? p->window.out_w : p->window.last;
            for (int32_t i = 0; i < p->parts.count; i++) {
                edgegen_f16_multiply(&rows, window->gathered > 0 ? gathered : windows, &p->output, pixels, p->tile,
                                     p->parts.units, weights + i * p->parts.weights, bias + i * p->parts.epilogue,
                                     y + i * p->parts.y);
                edgegen_neon_next_part(&p->parts, &rows);
            }
            edgegen_take_turns(&p->parts, pixels, p->output.step, 2, scratch, y);
            y += p->parts.row;
        }
        x += p->window.in_h * p->window.in_w * (p->window.pixel / 2);
    }
}

/* x[n,h,w,c] * weights + bias -> y, windows read where they lie in x. */
EDGEGEN_KERNEL void conv2d_f16_neon(const edgegen_conv2d_f32_neon *p, const uint16_t *x, const uint16_t *weights,
                                    const float *bias, uint16_t *y)
{
    edgegen_conv2d_f16_lanes(p, x, weights, bias, NULL, y);
}

/* The same for windows that reach into padding or are gathered. */
EDGEGEN_KERNEL void conv2d_f16_neon_scratch(const edgegen_conv2d_f32_neon *p, const uint16_t *x,
                                            const uint16_t *weights, const float *bias, uint8_t *scratch, uint16_t *y)
{
    edgegen_neon_fill_padding(&p->window, scratch);
    edgegen_conv2d_f16_lanes(p, x, weights, bias, scratch, y);
}

#endif
