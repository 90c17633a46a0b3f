/* Rows added up, multiplied or compared by the segment that each belongs to, portable. Integers wrap around. */
#ifndef EDGEGEN_SEGMENT_REDUCE_H
#define EDGEGEN_SEGMENT_REDUCE_H

#include "edgegen.h"

typedef struct {
    int32_t rows, inner, segments;
} edgegen_segment_reduce;

/* Defines a kernel: x[rows,inner], segment[rows] -> y[segments,inner], each of which begins as `start`; a and b: what
 * the segment has come to and the next number. */
#define EDGEGEN_SEGMENT_REDUCE(name, type, start, value)                                                               \
    EDGEGEN_KERNEL void name(const edgegen_segment_reduce *p, const type *x, const int32_t *segment, type *y)          \
    {                                                                                                                  \
        for (int32_t i = 0; i < p->segments * p->inner; i++) {                                                         \
            y[i] = (start);                                                                                            \
        }                                                                                                              \
        for (int32_t r = 0; r < p->rows; r++) {                                                                        \
            if (segment[r] < 0 || segment[r] >= p->segments) {                                                         \
                continue;                                                                                              \
            }                                                                                                          \
            for (int32_t i = 0; i < p->inner; i++) {                                                                   \
                const type a = y[segment[r] * p->inner + i], b = x[r * p->inner + i];                                  \
                y[segment[r] * p->inner + i] = (type)(value);                                                          \
            }                                                                                                          \
        }                                                                                                              \
    }

EDGEGEN_SEGMENT_REDUCE(segment_sum_f32, float, 0.0f, a + b)
EDGEGEN_SEGMENT_REDUCE(segment_prod_f32, float, 1.0f, a *b)
EDGEGEN_SEGMENT_REDUCE(segment_max_f32, float, -0x1.fffffep+127f, a > b ? a : b)
EDGEGEN_SEGMENT_REDUCE(segment_min_f32, float, 0x1.fffffep+127f, a < b ? a : b)
EDGEGEN_SEGMENT_REDUCE(segment_sum_s32, int32_t, 0, (uint32_t)a + (uint32_t)b)
EDGEGEN_SEGMENT_REDUCE(segment_prod_s32, int32_t, 1, (uint32_t)a *(uint32_t)b)
EDGEGEN_SEGMENT_REDUCE(segment_max_s32, int32_t, INT32_MIN, a > b ? a : b)
EDGEGEN_SEGMENT_REDUCE(segment_min_s32, int32_t, INT32_MAX, a < b ? a : b)

#endif
