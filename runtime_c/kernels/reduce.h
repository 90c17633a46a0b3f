/* Parameters of sums and means over axes. */
#ifndef EDGEGEN_REDUCE_H
#define EDGEGEN_REDUCE_H

#include "edgegen.h"

/* Nested loops over the kept axes in the output's order, and over the reduced axes, outermost first; strides are in
 * elements of x. */
#define EDGEGEN_REDUCE_GEOMETRY int32_t kept_extent[4], kept_stride[4], extent[4], stride[4]

typedef struct {
    EDGEGEN_REDUCE_GEOMETRY;
    int32_t offset, multiplier, shift, zero_point;
} edgegen_reduce_s8;

typedef struct {
    EDGEGEN_REDUCE_GEOMETRY;
    float divisor;
} edgegen_reduce_f32;

#endif
