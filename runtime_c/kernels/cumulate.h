/* Sums or products of all elements so far along one axis, portable. y may be x. Integers wrap around. */
#ifndef EDGEGEN_CUMULATE_H
#define EDGEGEN_CUMULATE_H

#include "edgegen.h"

/* x[outer, length, inner]; exclusive: without the element itself; reverse: from the end */
typedef struct {
    int32_t outer, length, inner, exclusive, reverse;
} edgegen_cumulate;

#define EDGEGEN_CUMULATE(name, type, wide, start, join)                                                                \
    EDGEGEN_KERNEL void name(const edgegen_cumulate *p, const type *x, type *y)                                        \
    {                                                                                                                  \
        for (int32_t o = 0; o < p->outer; o++) {                                                                       \
            for (int32_t i = 0; i < p->inner; i++) {                                                                   \
                wide sum = start;                                                                                      \
                for (int32_t k = 0; k < p->length; k++) {                                                              \
                    const int32_t along = p->reverse ? p->length - 1 - k : k;                                          \
                    const int32_t at = (o * p->length + along) * p->inner + i;                                         \
                    const wide next = sum join (wide)x[at];                                                            \
                    y[at] = (type)(p->exclusive ? sum : next);                                                         \
                    sum = next;                                                                                        \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

EDGEGEN_CUMULATE(cumulate_f32, float, float, 0, +)
EDGEGEN_CUMULATE(cumulate_f64, double, double, 0, +)
EDGEGEN_CUMULATE(cumulate_s32, int32_t, uint32_t, 0, +)
EDGEGEN_CUMULATE(cumulate_s64, int64_t, uint64_t, 0, +)
EDGEGEN_CUMULATE(cumulate_product_f32, float, float, 1, *)
EDGEGEN_CUMULATE(cumulate_product_f64, double, double, 1, *)
EDGEGEN_CUMULATE(cumulate_product_s32, int32_t, uint32_t, 1, *)
EDGEGEN_CUMULATE(cumulate_product_s64, int64_t, uint64_t, 1, *)

#endif
