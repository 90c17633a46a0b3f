/* Functions of one plain integer or bool, element by element, portable. y may be x. Integers wrap around. */
#ifndef EDGEGEN_UNARY_INTEGER_H
#define EDGEGEN_UNARY_INTEGER_H

#include "edgegen.h"

typedef struct {
    int32_t count;
} edgegen_unary_integer;

/* Defines the kernel `name`: `value` of each element v. */
#define EDGEGEN_UNARY_INTEGER(name, type, value)                                                                       \
    EDGEGEN_KERNEL void name(const edgegen_unary_integer *p, const type *x, type *y)                                   \
    {                                                                                                                  \
        for (int32_t i = 0; i < p->count; i++) {                                                                       \
            const type v = x[i];                                                                                       \
            y[i] = (type)(value);                                                                                      \
        }                                                                                                              \
    }

/* The least number is its own negative: numbers are negated without their sign. */
EDGEGEN_UNARY_INTEGER(abs_s16, int16_t, v < 0 ? -v : v)
EDGEGEN_UNARY_INTEGER(abs_s32, int32_t, v < 0 ? 0 - (uint32_t)v : (uint32_t)v)
EDGEGEN_UNARY_INTEGER(abs_s64, int64_t, v < 0 ? 0 - (uint64_t)v : (uint64_t)v)
EDGEGEN_UNARY_INTEGER(neg_s16, int16_t, -v)
EDGEGEN_UNARY_INTEGER(neg_s32, int32_t, 0 - (uint32_t)v)
EDGEGEN_UNARY_INTEGER(neg_s64, int64_t, 0 - (uint64_t)v)
EDGEGEN_UNARY_INTEGER(sign_s16, int16_t, (v > 0) - (v < 0))
EDGEGEN_UNARY_INTEGER(sign_s32, int32_t, (v > 0) - (v < 0))
EDGEGEN_UNARY_INTEGER(sign_s64, int64_t, (v > 0) - (v < 0))
EDGEGEN_UNARY_INTEGER(not_bool, uint8_t, v == 0)

#endif
