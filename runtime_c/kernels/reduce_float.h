/* Sums and means over any axes on floats, portable. */
#ifndef EDGEGEN_REDUCE_FLOAT_H
#define EDGEGEN_REDUCE_FLOAT_H

#include "kernels/reduce.h"

#define EDGEGEN_REDUCE_FLOAT(dtype, type)                                                                              \
    EDGEGEN_KERNEL void reduce_##dtype(const edgegen_reduce_float *p, const type *x, type *y)                          \
    {                                                                                                                  \
        const int32_t *n = p->kept_extent, *s = p->kept_stride, *m = p->extent, *w = p->stride;                        \
        EDGEGEN_REDUCE_KEPT(n) {                                                                                       \
            const type *from = x + EDGEGEN_REDUCE_PLACE(i, j, k, l, s);                                                \
            type sum = 0;                                                                                              \
            EDGEGEN_REDUCE_OVER(m) {                                                                                   \
                sum += from[EDGEGEN_REDUCE_PLACE(o, q, r, t, w)];                                                      \
            }                                                                                                          \
            *y++ = sum / p->divisor;                                                                                   \
        }                                                                                                              \
    }

EDGEGEN_REDUCE_FLOAT(f32, float)
EDGEGEN_REDUCE_FLOAT(f64, double)

#endif
