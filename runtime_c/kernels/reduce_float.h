/* Sums and means over any axes on floats, portable. */
#ifndef EDGEGEN_REDUCE_FLOAT_H
#define EDGEGEN_REDUCE_FLOAT_H

#include "kernels/reduce.h"

#define EDGEGEN_REDUCE_FLOAT_H

#include "kernels/reduce.h"

/* Terms that are added up by themselves before they join the sum: rounding errors then grow with the number of such
 * parts, not of all terms. */
#define EDGEGEN_REDUCE_PART 128

#define EDGEGEN_REDUCE_FLOAT(dtype, type)                                                                              \
    EDGEGEN_KERNEL void reduce_##dtype(const edgegen_reduce_float *p, const type *x, type *y)                          \
    {                                                                                                                  \
        const int32_t *n = p->kept_extent, *s = p->kept_stride, *m = p->extent, *w = p->stride;                        \
        EDGEGEN_REDUCE_KEPT(n) {                                                                                       \
            const type *from = x + EDGEGEN_REDUCE_PLACE(i, j, k, l, s);                                                \
            type sum = 0;                                                                                              \
            for (int32_t o = 0; o < m[0]; o++)                                                                         \
            for (int32_t q = 0; q < m[1]; q++)                                                                         \
            for (int32_t r = 0; r < m[2]; r++)                                                                         \
            for (int32_t first = 0; first < m[3]; first += EDGEGEN_REDUCE_PART) {                                      \
                const int32_t left = m[3] - first;                                                                     \
                const int32_t end = left < EDGEGEN_REDUCE_PART ? m[3] : first + EDGEGEN_REDUCE_PART;                   \
                type part = 0;                                                                                         \
                for (int32_t t = first; t < end; t++) {                                                                \
                    part += from[EDGEGEN_REDUCE_PLACE(o, q, r, t, w)];                                                 \
                }                                                                                                      \
                sum += part;                                                                                           \
            }                                                                                                          \
            *y++ = sum / p->divisor;                                                                                   \
        }                                                                                                              \
    }

EDGEGEN_REDUCE_FLOAT(f32, float)
EDGEGEN_REDUCE_FLOAT(f64, double)

#endif
