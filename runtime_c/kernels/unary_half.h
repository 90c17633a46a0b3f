/* Functions of one number of 16 bits, element by element, in f32, portable. y may be x. */
#ifndef EDGEGEN_UNARY_HALF_H
#define EDGEGEN_UNARY_HALF_H

#include "kernels/small_float.h"
#include "kernels/unary_float.h"

#define EDGEGEN_UNARY_F16(name, type, value)                                                                           \
    EDGEGEN_UNARY_AS(name, type, value, uint16_t, edgegen_from_half, edgegen_to_half)
#define EDGEGEN_UNARY_BF16(name, type, value)                                                                          \
    EDGEGEN_UNARY_AS(name, type, value, uint16_t, edgegen_load_bf16, edgegen_store_bf16)

EDGEGEN_UNARY_FLOATS(f16, f32, float, EDGEGEN_MATH_F32, EDGEGEN_UNARY_F16)
EDGEGEN_UNARY_FLOATS(bf16, f32, float, EDGEGEN_MATH_F32, EDGEGEN_UNARY_BF16)

#endif
