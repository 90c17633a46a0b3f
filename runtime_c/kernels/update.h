/* How an update changes the element that it is for: what scattering kernels have in common. */
#ifndef EDGEGEN_UPDATE_H
#define EDGEGEN_UPDATE_H

#include "edgegen.h"

#define EDGEGEN_UPDATE_NONE(type, old, value) (value)
#define EDGEGEN_UPDATE_ADD(type, old, value) ((type)((old) + (value)))
#define EDGEGEN_UPDATE_ADD_U32(type, old, value) ((type)((uint32_t)(old) + (uint32_t)(value)))
#define EDGEGEN_UPDATE_ADD_U64(type, old, value) ((type)((uint64_t)(old) + (uint64_t)(value)))
#define EDGEGEN_UPDATE_OR(type, old, value) ((type)((old) | (value)))
#define EDGEGEN_UPDATE_MUL(type, old, value) ((type)((old) * (value)))
#define EDGEGEN_UPDATE_MUL_U32(type, old, value) ((type)((uint32_t)(old) * (uint32_t)(value)))
#define EDGEGEN_UPDATE_MUL_U64(type, old, value) ((type)((uint64_t)(old) * (uint64_t)(value)))
#define EDGEGEN_UPDATE_MAX(type, old, value) ((old) > (value) ? (old) : (value))
#define EDGEGEN_UPDATE_MIN(type, old, value) ((old) < (value) ? (old) : (value))

/* define(<reduction>_<dtype>, type, update) for every reduction; integers wrap around */
#define EDGEGEN_UPDATES(define)                                                                                        \
    define(add_f32, float, EDGEGEN_UPDATE_ADD) define(add_f64, double, EDGEGEN_UPDATE_ADD)                             \
    define(add_s8, int8_t, EDGEGEN_UPDATE_ADD) define(add_u8, uint8_t, EDGEGEN_UPDATE_ADD)                             \
    define(add_s16, int16_t, EDGEGEN_UPDATE_ADD) define(add_s32, int32_t, EDGEGEN_UPDATE_ADD_U32)                      \
    define(add_s64, int64_t, EDGEGEN_UPDATE_ADD_U64) define(add_bool, uint8_t, EDGEGEN_UPDATE_OR)                      \
    define(mul_f32, float, EDGEGEN_UPDATE_MUL) define(mul_f64, double, EDGEGEN_UPDATE_MUL)                             \
    define(mul_s32, int32_t, EDGEGEN_UPDATE_MUL_U32) define(mul_s64, int64_t, EDGEGEN_UPDATE_MUL_U64)                  \
    define(max_f32, float, EDGEGEN_UPDATE_MAX) define(max_f64, double, EDGEGEN_UPDATE_MAX)                             \
    define(max_s32, int32_t, EDGEGEN_UPDATE_MAX) define(max_s64, int64_t, EDGEGEN_UPDATE_MAX)                          \
    define(min_f32, float, EDGEGEN_UPDATE_MIN) define(min_f64, double, EDGEGEN_UPDATE_MIN)                             \
    define(min_s32, int32_t, EDGEGEN_UPDATE_MIN) define(min_s64, int64_t, EDGEGEN_UPDATE_MIN)

#endif
