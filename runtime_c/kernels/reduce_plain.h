/* Sums, products and extremes over any axes on plain numbers, portable. Integers wrap around. */
#ifndef EDGEGEN_REDUCE_PLAIN_H
#define EDGEGEN_REDUCE_PLAIN_H

#include "kernels/reduce.h"

/* Defines the kernel `name`: starting with the first element, `step` makes one of `all` and the next element v. They are
 * read by `load`, results written by `store`. */
#define EDGEGEN_REDUCE_AS(name, stored, type, load, store, step)                                                       \
    EDGEGEN_KERNEL void name(const edgegen_reduce *p, const stored *x, stored *y)                                      \
    {                                                                                                                  \
        const int32_t *n = p->kept_extent, *s = p->kept_stride, *m = p->extent, *w = p->stride;                        \
        EDGEGEN_REDUCE_KEPT(n) {                                                                                       \
            const stored *from = x + EDGEGEN_REDUCE_PLACE(i, j, k, l, s);                                              \
            type all = load(*from);                                                                                    \
            EDGEGEN_REDUCE_OVER(m) {                                                                                   \
                if (o + q + r + t > 0) {                                                                               \
                    const type v = load(from[EDGEGEN_REDUCE_PLACE(o, q, r, t, w)]);                                    \
                    all = (type)(step);                                                                                \
                }                                                                                                      \
            }                                                                                                          \
            *y++ = store(all);                                                                                         \
        }                                                                                                              \
    }

#define EDGEGEN_REDUCE_PLAIN(name, type, step)                                                                         \
    EDGEGEN_REDUCE_AS(name, type, type, EDGEGEN_AS_IT_IS, EDGEGEN_AS_IT_IS, step)

#define EDGEGEN_EXTREMES(name, type)                                                                                   \
    EDGEGEN_REDUCE_PLAIN(max_##name, type, v > all ? v : all)                                                          \
    EDGEGEN_REDUCE_PLAIN(min_##name, type, v < all ? v : all)

EDGEGEN_EXTREMES(f32, float)
EDGEGEN_EXTREMES(f64, double)
EDGEGEN_EXTREMES(s8, int8_t)
EDGEGEN_EXTREMES(u8, uint8_t)
EDGEGEN_EXTREMES(s16, int16_t)
EDGEGEN_EXTREMES(s32, int32_t)
EDGEGEN_EXTREMES(s64, int64_t)
EDGEGEN_EXTREMES(u64, uint64_t)
EDGEGEN_REDUCE_PLAIN(prod_f32, float, all *v)
EDGEGEN_REDUCE_PLAIN(prod_f64, double, all *v)
EDGEGEN_REDUCE_PLAIN(prod_s32, int32_t, (uint32_t)all *(uint32_t)v)
EDGEGEN_REDUCE_PLAIN(prod_s64, int64_t, (uint64_t)all *(uint64_t)v)
EDGEGEN_REDUCE_PLAIN(sum_s32, int32_t, (uint32_t)all + (uint32_t)v)
EDGEGEN_REDUCE_PLAIN(sum_s64, int64_t, (uint64_t)all + (uint64_t)v)
EDGEGEN_REDUCE_PLAIN(all_bool, uint8_t, all && v)
EDGEGEN_REDUCE_PLAIN(any_bool, uint8_t, all || v)

#endif
