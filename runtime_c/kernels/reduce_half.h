/* Sums, means, products and extremes over any axes on f16 and bf16, in f32, portable. */
#ifndef EDGEGEN_REDUCE_HALF_H
#define EDGEGEN_REDUCE_HALF_H

#include "kernels/reduce_float.h"
#include "kernels/reduce_plain.h"
#include "kernels/small_float.h"

#define EDGEGEN_REDUCE_HALF(name, load, store)                                                                         \
    EDGEGEN_REDUCE_FLOAT(name, uint16_t, float, load, store)                                                           \
    EDGEGEN_REDUCE_AS(max_##name, uint16_t, float, load, store, v > all ? v : all)                                     \
    EDGEGEN_REDUCE_AS(min_##name, uint16_t, float, load, store, v < all ? v : all)                                     \
    EDGEGEN_REDUCE_AS(prod_##name, uint16_t, float, load, store, all *v)

EDGEGEN_HALF_TYPES(EDGEGEN_REDUCE_HALF)

#endif
