/* What the depthwise convolutions on AArch64 share. Channels are computed in blocks of 16 and 8. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_NEON_H
#define EDGEGEN_DEPTHWISE_CONV2D_NEON_H

#include "kernels/conv2d_neon.h"

/* window: its runs are single pixels
 * apart:  sums of two products may overflow s16 */
typedef struct {
    int32_t batch, out_h, apart;
    edgegen_neon_window window;
    edgegen_neon_output output;
} edgegen_depthwise_conv2d_s8_neon;

typedef struct {
    int32_t batch, out_h;
    edgegen_neon_window window;
    edgegen_neon_output_f32 output;
} edgegen_depthwise_conv2d_f32_neon;

#endif
