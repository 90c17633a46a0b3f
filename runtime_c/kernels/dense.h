/* Parameters of dense layers. step: elements of y from one row to the next */
#ifndef EDGEGEN_DENSE_H
#define EDGEGEN_DENSE_H

#include "edgegen.h"

typedef struct {
    int32_t rows, depth, units, step;
    int32_t weight_offset;
    int32_t zero_point, low, high; /* of the output */
} edgegen_dense_s8;

typedef struct {
    int32_t rows, depth, units;
    int32_t x_zero, zero_point, low, high; /* the last three of the output */
} edgegen_dense_s8_computed;

typedef struct {
    int32_t rows, depth, units, step;
    float low, high;
} edgegen_dense_f32;

#endif
