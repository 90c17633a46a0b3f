/* Parameters of softmax: x[rows,depth] -> y[rows,depth], each row by itself. */
#ifndef EDGEGEN_SOFTMAX_H
#define EDGEGEN_SOFTMAX_H

#include "edgegen.h"

typedef struct {
    int32_t rows, depth, length; /* of the table of exponentials */
} edgegen_softmax_s8;

typedef struct {
    int32_t rows, depth;
    int32_t multiplier, shift; /* of differences */
} edgegen_softmax_s16;

typedef struct {
    int32_t rows, depth;
    float beta;
} edgegen_softmax_f32;

#endif
