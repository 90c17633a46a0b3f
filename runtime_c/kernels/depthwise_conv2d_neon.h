/* What the depthwise convolutions on AArch64 share. Channels are computed in blocks of 16, 8 or 4. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_NEON_H
#define EDGEGEN_DEPTHWISE_CONV2D_NEON_H

#include "kernels/conv2d_neon.h"

/* window: its runs are single pixels; for 3x3 kernels, whole rows of the image, padding left and right not included
 * left:   pixels of padding on the left, and
 * sides:  whether there is padding on the left or right, that 3x3 kernels put in themselves
 * apart:  sums of two products may overflow s16 */
typedef struct {
    int32_t batch, out_h, left, sides, apart;
    edgegen_neon_window window;
    edgegen_neon_output output;
} edgegen_depthwise_conv2d_s8_neon;

typedef struct {
    int32_t batch, out_h, left, sides;
    edgegen_neon_window window;
    edgegen_neon_output_f32 output;
} edgegen_depthwise_conv2d_f32_neon;

/* Rows of two output rows from oy on, for 3x3 kernels. border: a row of padding, for those above or below the image. */
EDGEGEN_INLINE edgegen_neon_rows edgegen_depthwise_band(const edgegen_neon_window *w, const uint8_t *x,
                                                       const uint8_t *border, int32_t oy)
{
    edgegen_neon_rows band;
    for (int32_t ky = 0; ky < w->kernel_h; ky++) {
        const int32_t iy = oy / 2 * w->stride_h - w->pad_top + ky;
        band.run[ky] = w->border > 0 && (iy < 0 || iy >= w->in_h) ? border : x + iy * w->row;
    }
    band.runs = w->kernel_h;
    band.bytes = w->run;
    band.step = w->stride_w * w->pixel;
    return band;
}

/* Whether 3x3 kernels take several pixels in turn, so that no column moves from register to register. */
#if defined(EDGEGEN_OPTIMIZE_SIZE)
#define EDGEGEN_DEPTHWISE_UNROLLED 0
#else
#define EDGEGEN_DEPTHWISE_UNROLLED 1
#endif

/* Whether the pixel `at` bytes from a row's first one is on the image. */
EDGEGEN_INLINE int32_t edgegen_depthwise_inside(const edgegen_neon_window *w, int32_t sides, int32_t at)
{
    return !sides || (uint32_t)at < (uint32_t)w->row;
}

#endif
