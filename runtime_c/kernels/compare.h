/* Element-wise relations with broadcasting, as bool, portable. */
#ifndef EDGEGEN_COMPARE_H
#define EDGEGEN_COMPARE_H

#include "kernels/elementwise.h"

typedef struct {
    EDGEGEN_BROADCAST;
} edgegen_compare;

/* Operands are brought to one scale, finer by 2^left_shift, before they are compared. */
typedef struct {
    EDGEGEN_BROADCAST;
    int32_t a_zero, b_zero, left_shift, a_multiplier, a_shift, b_multiplier, b_shift;
} edgegen_compare_rescaled;

#define EDGEGEN_EQUAL(p, a, b) ((a) == (b))
#define EDGEGEN_NOT_EQUAL(p, a, b) ((a) != (b))
#define EDGEGEN_GREATER(p, a, b) ((a) > (b))
#define EDGEGEN_GREATER_EQUAL(p, a, b) ((a) >= (b))
#define EDGEGEN_LESS(p, a, b) ((a) < (b))
#define EDGEGEN_LESS_EQUAL(p, a, b) ((a) <= (b))
#define EDGEGEN_AND(p, a, b) ((a) && (b))
#define EDGEGEN_OR(p, a, b) ((a) || (b))

#define EDGEGEN_COMPARE(name, type)                                                                                    \
    EDGEGEN_ELEMENTWISE_TO(equal_##name, edgegen_compare, type, uint8_t, EDGEGEN_EQUAL)                                \
    EDGEGEN_ELEMENTWISE_TO(not_equal_##name, edgegen_compare, type, uint8_t, EDGEGEN_NOT_EQUAL)                        \
    EDGEGEN_ELEMENTWISE_TO(greater_##name, edgegen_compare, type, uint8_t, EDGEGEN_GREATER)                            \
    EDGEGEN_ELEMENTWISE_TO(greater_equal_##name, edgegen_compare, type, uint8_t, EDGEGEN_GREATER_EQUAL)                \
    EDGEGEN_ELEMENTWISE_TO(less_##name, edgegen_compare, type, uint8_t, EDGEGEN_LESS)                                  \
    EDGEGEN_ELEMENTWISE_TO(less_equal_##name, edgegen_compare, type, uint8_t, EDGEGEN_LESS_EQUAL)

EDGEGEN_COMPARE(f32, float)
EDGEGEN_COMPARE(f64, double)
EDGEGEN_COMPARE(s8, int8_t)
EDGEGEN_COMPARE(u8, uint8_t)
EDGEGEN_COMPARE(s16, int16_t)
EDGEGEN_COMPARE(s32, int32_t)
EDGEGEN_COMPARE(s64, int64_t)
EDGEGEN_COMPARE(u64, uint64_t)
EDGEGEN_ELEMENTWISE_TO(equal_bool, edgegen_compare, uint8_t, uint8_t, EDGEGEN_EQUAL)
EDGEGEN_ELEMENTWISE_TO(not_equal_bool, edgegen_compare, uint8_t, uint8_t, EDGEGEN_NOT_EQUAL)
EDGEGEN_ELEMENTWISE_TO(and_bool, edgegen_compare, uint8_t, uint8_t, EDGEGEN_AND)
EDGEGEN_ELEMENTWISE_TO(or_bool, edgegen_compare, uint8_t, uint8_t, EDGEGEN_OR)

/* Defines how <relation>_s8_rescaled and its like compare two. */
#define EDGEGEN_COMPARE_RESCALED(relation, holds)                                                                      \
    EDGEGEN_INLINE uint8_t edgegen_##relation##_rescaled(const edgegen_compare_rescaled *p, int32_t a, int32_t b)      \
    {                                                                                                                  \
        const int32_t wide_a = (a - p->a_zero) * (1 << p->left_shift), wide_b = (b - p->b_zero) * (1 << p->left_shift); \
        return holds(p, edgegen_requantize(wide_a, p->a_multiplier, p->a_shift),                                       \
                     edgegen_requantize(wide_b, p->b_multiplier, p->b_shift));                                         \
    }

EDGEGEN_COMPARE_RESCALED(equal, EDGEGEN_EQUAL)
EDGEGEN_COMPARE_RESCALED(not_equal, EDGEGEN_NOT_EQUAL)
EDGEGEN_COMPARE_RESCALED(greater, EDGEGEN_GREATER)
EDGEGEN_COMPARE_RESCALED(greater_equal, EDGEGEN_GREATER_EQUAL)
EDGEGEN_COMPARE_RESCALED(less, EDGEGEN_LESS)
EDGEGEN_COMPARE_RESCALED(less_equal, EDGEGEN_LESS_EQUAL)

EDGEGEN_ELEMENTWISE_TO(equal_s8_rescaled, edgegen_compare_rescaled, int8_t, uint8_t, edgegen_equal_rescaled)
EDGEGEN_ELEMENTWISE_TO(equal_s16_rescaled, edgegen_compare_rescaled, int16_t, uint8_t, edgegen_equal_rescaled)
EDGEGEN_ELEMENTWISE_TO(not_equal_s8_rescaled, edgegen_compare_rescaled, int8_t, uint8_t, edgegen_not_equal_rescaled)
EDGEGEN_ELEMENTWISE_TO(not_equal_s16_rescaled, edgegen_compare_rescaled, int16_t, uint8_t, edgegen_not_equal_rescaled)
EDGEGEN_ELEMENTWISE_TO(greater_s8_rescaled, edgegen_compare_rescaled, int8_t, uint8_t, edgegen_greater_rescaled)
EDGEGEN_ELEMENTWISE_TO(greater_equal_s8_rescaled, edgegen_compare_rescaled, int8_t, uint8_t,
                       edgegen_greater_equal_rescaled)
EDGEGEN_ELEMENTWISE_TO(less_s8_rescaled, edgegen_compare_rescaled, int8_t, uint8_t, edgegen_less_rescaled)
EDGEGEN_ELEMENTWISE_TO(less_equal_s8_rescaled, edgegen_compare_rescaled, int8_t, uint8_t, edgegen_less_equal_rescaled)

#endif
