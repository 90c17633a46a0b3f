/* Parameters of the portable convolutions. */
#ifndef EDGEGEN_CONV2D_H
#define EDGEGEN_CONV2D_H

#include "kernels/image_loops.h"

/* Strides are in elements along n, h, w, c. Units go `group_units` in a row to one of the `groups` of channels of x, and
 * then to the next; after the last group again to the first. backward: from the last number of the output to the
 * first. */
#define EDGEGEN_CONV2D_GEOMETRY                                                                                        \
    int32_t batch, in_h, in_w, out_h, out_w;                                                                           \
    int32_t units, kernel_h, kernel_w, depth, group_units, groups;                                                     \
    int32_t stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;                                             \
    int32_t in_stride[4], out_stride[4], backward

/* The first channel of x that unit o reads. */
#define EDGEGEN_FIRST_CHANNEL(p, o) ((o) / (p)->group_units % (p)->groups * (p)->depth)

typedef struct {
    EDGEGEN_CONV2D_GEOMETRY;
    int32_t x_zero, weight_offset, zero_point, low, high;
} edgegen_conv2d_s8;

typedef struct {
    EDGEGEN_CONV2D_GEOMETRY;
    float low, high;
} edgegen_conv2d_f32;

#endif
