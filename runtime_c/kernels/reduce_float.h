/* Sums and means over any axes on floats, portable. */
#ifndef EDGEGEN_REDUCE_FLOAT_H
#define EDGEGEN_REDUCE_FLOAT_H

#include "kernels/reduce.h"

/* Terms, and then sums of as many, that are added up by themselves before they join a larger sum: rounding errors grow
 * with the number of additions to each sum, not with that of all terms. */
#define EDGEGEN_REDUCE_PART 128

/* Defines the kernel reduce_<dtype>, which adds up as `type` what it reads by `load` and writes by `store`. */
#define EDGEGEN_REDUCE_FLOAT(dtype, stored, type, load, store)                                                         \
    EDGEGEN_KERNEL void reduce_##dtype(const edgegen_reduce_float *p, const stored *x, stored *y)                      \
    {                                                                                                                  \
        const int32_t *n = p->kept_extent, *s = p->kept_stride, *m = p->extent, *w = p->stride;                        \
        EDGEGEN_REDUCE_KEPT(n) {                                                                                       \
            const stored *from = x + EDGEGEN_REDUCE_PLACE(i, j, k, l, s);                                              \
            type sum = 0, of_parts = 0;                                                                                \
            int32_t parts = 0;                                                                                         \
            for (int32_t o = 0; o < m[0]; o++)                                                                         \
            for (int32_t q = 0; q < m[1]; q++)                                                                         \
            for (int32_t r = 0; r < m[2]; r++)                                                                         \
            for (int32_t first = 0; first < m[3]; first += EDGEGEN_REDUCE_PART) {                                      \
                const int32_t left = m[3] - first;                                                                     \
                const int32_t end = left < EDGEGEN_REDUCE_PART ? m[3] : first + EDGEGEN_REDUCE_PART;                   \
                type part = 0;                                                                                         \
                for (int32_t t = first; t < end; t++) {                                                                \
                    part += load(from[EDGEGEN_REDUCE_PLACE(o, q, r, t, w)]);                                           \
                }                                                                                                      \
                of_parts += part;                                                                                      \
                if (++parts == EDGEGEN_REDUCE_PART) {                                                                  \
                    sum += of_parts;                                                                                   \
                    of_parts = 0;                                                                                      \
                    parts = 0;                                                                                         \
                }                                                                                                      \
            }                                                                                                          \
            *y++ = store((sum + of_parts) / p->divisor);                                                               \
        }                                                                                                              \
    }

EDGEGEN_REDUCE_FLOAT(f32, float, float, EDGEGEN_AS_IT_IS, EDGEGEN_AS_IT_IS)
EDGEGEN_REDUCE_FLOAT(f64, double, double, EDGEGEN_AS_IT_IS, EDGEGEN_AS_IT_IS)

#endif
