/* Where the greatest or least element lies along one axis, portable. */
#ifndef EDGEGEN_ARG_REDUCE_H
#define EDGEGEN_ARG_REDUCE_H

#include "edgegen.h"

/* x[outer, length, inner] -> y[outer, inner] */
typedef struct {
    int32_t outer, length, inner;
} edgegen_arg_reduce;

#define EDGEGEN_ARG_REDUCE(name, of, to, better)                                                                       \
    EDGEGEN_KERNEL void name(const edgegen_arg_reduce *p, const of *x, int##to##_t *y)                                 \
    {                                                                                                                  \
        edgegen_over_s##to *indices = (edgegen_over_s##to *)y;                                                         \
        for (int32_t o = 0; o < p->outer; o++) {                                                                       \
            for (int32_t i = 0; i < p->inner; i++) {                                                                   \
                const of *from = x + o * p->length * p->inner + i;                                                     \
                int32_t place = 0;                                                                                     \
                for (int32_t k = 1; k < p->length; k++) {                                                              \
                    place = from[k * p->inner] better from[place * p->inner] ? k : place;                              \
                }                                                                                                      \
                *indices++ = place;                                                                                    \
            }                                                                                                          \
        }                                                                                                              \
    }

#define EDGEGEN_ARG_REDUCE_ALL(name, of)                                                                               \
    EDGEGEN_ARG_REDUCE(arg_max_##name##_s32, of, 32, >)                                                                \
    EDGEGEN_ARG_REDUCE(arg_max_##name##_s64, of, 64, >)                                                                \
    EDGEGEN_ARG_REDUCE(arg_min_##name##_s32, of, 32, <)                                                                \
    EDGEGEN_ARG_REDUCE(arg_min_##name##_s64, of, 64, <)

EDGEGEN_ARG_REDUCE_ALL(f32, float)
EDGEGEN_ARG_REDUCE_ALL(f64, double)
EDGEGEN_ARG_REDUCE_ALL(s8, int8_t)
EDGEGEN_ARG_REDUCE_ALL(u8, uint8_t)
EDGEGEN_ARG_REDUCE_ALL(s16, int16_t)
EDGEGEN_ARG_REDUCE_ALL(s32, int32_t)
EDGEGEN_ARG_REDUCE_ALL(s64, int64_t)
EDGEGEN_ARG_REDUCE_ALL(u64, uint64_t)

#endif
