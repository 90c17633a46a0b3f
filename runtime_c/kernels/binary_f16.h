/* Element-wise arithmetic with broadcasting on half-precision numbers, in f32. */
#ifndef EDGEGEN_BINARY_F16_H
#define EDGEGEN_BINARY_F16_H

#include "kernels/binary.h"
#include "kernels/half.h"

#define EDGEGEN_BINARY_F16(function)                                                                                   \
    EDGEGEN_INLINE uint16_t edgegen_##function##_f16_element(const edgegen_binary_f32 *p, uint16_t a, uint16_t b)      \
    {                                                                                                                  \
        return edgegen_to_half(                                                                                        \
            edgegen_##function##_f32_element(p, edgegen_from_half(a), edgegen_from_half(b)));                          \
    }                                                                                                                  \
    EDGEGEN_ELEMENTWISE(function##_f16, edgegen_binary_f32, uint16_t, edgegen_##function##_f16_element)

EDGEGEN_BINARY_F16(add)
EDGEGEN_BINARY_F16(sub)
EDGEGEN_BINARY_F16(mul)
EDGEGEN_BINARY_F16(div)
EDGEGEN_BINARY_F16(maximum)
EDGEGEN_BINARY_F16(minimum)

#endif
