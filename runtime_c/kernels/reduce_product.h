/* Products over any axes on quantized integers, portable: brought to a finer scale after each factor but the first. */
#ifndef EDGEGEN_REDUCE_PRODUCT_H
#define EDGEGEN_REDUCE_PRODUCT_H

#include "kernels/reduce.h"
#include "kernels/sum_s16.h"

typedef struct {
    EDGEGEN_REDUCE_GEOMETRY;
    int32_t x_zero, multiplier, shift, zero_point, low, high; /* the last three of the output */
} edgegen_reduce_product;

#define EDGEGEN_REDUCE_PRODUCT(name, type)                                                                             \
    EDGEGEN_KERNEL void reduce_product_##name(const edgegen_reduce_product *p, const type *x, type *y)                 \
    {                                                                                                                  \
        const int32_t *n = p->kept_extent, *s = p->kept_stride, *m = p->extent, *w = p->stride;                        \
        EDGEGEN_REDUCE_KEPT(n) {                                                                                       \
            const type *from = x + EDGEGEN_REDUCE_PLACE(i, j, k, l, s);                                                \
            int32_t product = 0, factors = 0;                                                                          \
            EDGEGEN_REDUCE_OVER(m) {                                                                                   \
                const int32_t v = from[EDGEGEN_REDUCE_PLACE(o, q, r, t, w)] - p->x_zero;                               \
                product = factors == 0 ? v                                                                             \
                                       : edgegen_requantize_wide((int64_t)product * v, p->multiplier, p->shift);       \
                factors = 1;                                                                                           \
            }                                                                                                          \
            const int32_t scaled = edgegen_requantize_wide(product, p->multiplier, p->shift);                          \
            const int64_t moved = (int64_t)scaled + p->zero_point;                                                     \
            *y++ = (type)(moved < p->low ? p->low : moved > p->high ? p->high : moved);                                \
        }                                                                                                              \
    }

EDGEGEN_REDUCE_PRODUCT(s8, int8_t)
EDGEGEN_REDUCE_PRODUCT(s16, int16_t)

#endif
