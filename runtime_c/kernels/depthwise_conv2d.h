/* Parameters of the portable depthwise convolutions. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_H
#define EDGEGEN_DEPTHWISE_CONV2D_H

#include "kernels/image_loops.h"

/* Strides are in elements along n, h, w, c. backward: from the last number of the output to the first. */
#define EDGEGEN_DEPTHWISE_CONV2D_GEOMETRY                                                                              \
    int32_t batch, in_h, in_w, out_h, out_w;                                                                           \
    int32_t channels, multiplier, kernel_h, kernel_w;                                                                  \
    int32_t stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;                                             \
    int32_t in_stride[4], out_stride[4], backward

typedef struct {
    EDGEGEN_DEPTHWISE_CONV2D_GEOMETRY;
    int32_t x_zero, weight_offset, zero_point, low, high;
} edgegen_depthwise_conv2d_s8;

typedef struct {
    EDGEGEN_DEPTHWISE_CONV2D_GEOMETRY;
    float low, high;
} edgegen_depthwise_conv2d_f32;

#endif
