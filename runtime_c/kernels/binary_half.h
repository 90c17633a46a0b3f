/* Element-wise arithmetic with broadcasting on f16 and bf16, in f32. */
#ifndef EDGEGEN_BINARY_HALF_H
#define EDGEGEN_BINARY_HALF_H

#include "kernels/binary.h"
#include "kernels/small_float.h"

#define EDGEGEN_BINARY_HALF_FUNCTION(function, name, load, store)                                                      \
    EDGEGEN_INLINE uint16_t edgegen_##function##_##name##_element(const edgegen_binary_f32 *p, uint16_t a, uint16_t b) \
    {                                                                                                                  \
        return store(edgegen_##function##_f32_element(p, load(a), load(b)));                                           \
    }                                                                                                                  \
    EDGEGEN_ELEMENTWISE(function##_##name, edgegen_binary_f32, uint16_t, edgegen_##function##_##name##_element)

#define EDGEGEN_BINARY_HALF(name, load, store)                                                                         \
    EDGEGEN_BINARY_HALF_FUNCTION(add, name, load, store)                                                               \
    EDGEGEN_BINARY_HALF_FUNCTION(sub, name, load, store)                                                               \
    EDGEGEN_BINARY_HALF_FUNCTION(mul, name, load, store)                                                               \
    EDGEGEN_BINARY_HALF_FUNCTION(div, name, load, store)                                                               \
    EDGEGEN_BINARY_HALF_FUNCTION(maximum, name, load, store)                                                           \
    EDGEGEN_BINARY_HALF_FUNCTION(minimum, name, load, store)

EDGEGEN_HALF_TYPES(EDGEGEN_BINARY_HALF)

#endif
