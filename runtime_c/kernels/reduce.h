/* Parameters of reductions over axes. */
#ifndef EDGEGEN_REDUCE_H
#define EDGEGEN_REDUCE_H

#include "edgegen.h"

/* Nested loops over the kept axes in the output's order, and over the reduced axes, outermost first; strides are in
 * elements of x. */
#define EDGEGEN_REDUCE_GEOMETRY int32_t kept_extent[4], kept_stride[4], extent[4], stride[4]

typedef struct {
    EDGEGEN_REDUCE_GEOMETRY;
    int32_t offset, multiplier, shift, zero_point;
} edgegen_reduce_quantized;

typedef struct {
    EDGEGEN_REDUCE_GEOMETRY;
} edgegen_reduce;

typedef struct {
    EDGEGEN_REDUCE_GEOMETRY;
    float divisor;
} edgegen_reduce_float;

/* The loops over the kept axes, and over the reduced ones: variables i, j, k, l and o, q, r, t. */
#define EDGEGEN_REDUCE_KEPT(n)                                                                                         \
    for (int32_t i = 0; i < n[0]; i++)                                                                                 \
    for (int32_t j = 0; j < n[1]; j++)                                                                                 \
    for (int32_t k = 0; k < n[2]; k++)                                                                                 \
    for (int32_t l = 0; l < n[3]; l++)

#define EDGEGEN_REDUCE_OVER(n)                                                                                         \
    for (int32_t o = 0; o < n[0]; o++)                                                                                 \
    for (int32_t q = 0; q < n[1]; q++)                                                                                 \
    for (int32_t r = 0; r < n[2]; r++)                                                                                 \
    for (int32_t t = 0; t < n[3]; t++)

#define EDGEGEN_REDUCE_PLACE(a, b, c, d, s) ((a) * s[0] + (b) * s[1] + (c) * s[2] + (d) * s[3])

#endif
