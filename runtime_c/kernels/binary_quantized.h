/* Element-wise arithmetic with broadcasting on quantized s8 and s16, portable. */
#ifndef EDGEGEN_BINARY_QUANTIZED_H
#define EDGEGEN_BINARY_QUANTIZED_H

#include "kernels/elementwise.h"
#include "kernels/reciprocal.h"

/* Operands are brought to one scale, finer by 2^left_shift, then their sum to the output's. */
typedef struct {
    EDGEGEN_BROADCAST;
    int32_t a_zero, b_zero, left_shift, a_multiplier, a_shift, b_multiplier, b_shift;
    int32_t multiplier, shift, zero_point, low, high; /* of the output */
} edgegen_add_quantized;

typedef struct {
    EDGEGEN_BROADCAST;
    int32_t a_zero, b_zero;
    int32_t multiplier, shift, zero_point, low, high; /* of the output */
} edgegen_mul_quantized;

EDGEGEN_INLINE int32_t edgegen_rescaled_a(const edgegen_add_quantized *p, int32_t a)
{
    return edgegen_requantize((a - p->a_zero) * (1 << p->left_shift), p->a_multiplier, p->a_shift);
}

EDGEGEN_INLINE int32_t edgegen_rescaled_b(const edgegen_add_quantized *p, int32_t b)
{
    return edgegen_requantize((b - p->b_zero) * (1 << p->left_shift), p->b_multiplier, p->b_shift);
}

EDGEGEN_INLINE int32_t edgegen_add_finish(const edgegen_add_quantized *p, int32_t sum)
{
    return edgegen_clamp_s32(edgegen_requantize(sum, p->multiplier, p->shift) + p->zero_point, p->low, p->high);
}

EDGEGEN_INLINE int32_t edgegen_add_element(const edgegen_add_quantized *p, int32_t a, int32_t b)
{
    return edgegen_add_finish(p, edgegen_rescaled_a(p, a) + edgegen_rescaled_b(p, b));
}

EDGEGEN_INLINE int32_t edgegen_sub_element(const edgegen_add_quantized *p, int32_t a, int32_t b)
{
    return edgegen_add_finish(p, edgegen_rescaled_a(p, a) - edgegen_rescaled_b(p, b));
}

EDGEGEN_INLINE int32_t edgegen_mul_element(const edgegen_mul_quantized *p, int32_t a, int32_t b)
{
    const int32_t product = (a - p->a_zero) * (b - p->b_zero);
    return edgegen_clamp_s32(edgegen_requantize(product, p->multiplier, p->shift) + p->zero_point, p->low, p->high);
}

EDGEGEN_INLINE int32_t edgegen_squared_difference_element(const edgegen_add_quantized *p, int32_t a, int32_t b)
{
    const int32_t difference = edgegen_rescaled_a(p, a) - edgegen_rescaled_b(p, b);
    return edgegen_add_finish(p, (int32_t)((uint32_t)difference * (uint32_t)difference));
}

/* By 31 bits of the reciprocal of b and of the quotient; what is divided by 0 gives the zero point. */
EDGEGEN_INLINE int32_t edgegen_div_element(const edgegen_mul_quantized *p, int32_t a, int32_t b)
{
    int32_t dividend = a - p->a_zero, divisor = b - p->b_zero, scaled = 0;
    if (divisor < 0) {
        dividend = -dividend;
        divisor = -divisor;
    }
    if (divisor != 0) {
        const int32_t zeros = edgegen_leading_zeros((uint32_t)divisor);
        const uint32_t fraction = ((uint32_t)divisor << zeros) - UINT32_C(0x80000000);
        const int32_t reciprocal = edgegen_reciprocal_of_one_plus((int32_t)fraction);
        const int32_t magnitude = dividend < 0 ? ~dividend : dividend;
        const int32_t headroom = magnitude == 0 ? 31 : edgegen_leading_zeros((uint32_t)magnitude) - 1;
        const int32_t finest = (int32_t)((uint32_t)dividend << headroom);
        const int32_t quotient = edgegen_doubling_high_multiply(finest, reciprocal);
        const int32_t high = edgegen_doubling_high_multiply(quotient, p->multiplier);
        const int32_t right = headroom + (31 - zeros) - p->shift;
        if (right < 0) {
            scaled = edgegen_saturating_shift_left(high, edgegen_min_s32(-right, 31));
        } else if (right <= 31) {
            scaled = edgegen_rounding_shift_right(high, right);
        }
    }
    const int64_t shifted = (int64_t)scaled + p->zero_point;
    return shifted < p->low ? p->low : shifted > p->high ? p->high : (int32_t)shifted;
}

#define EDGEGEN_ADD_S8(p, a, b) ((int8_t)edgegen_add_element(p, a, b))
#define EDGEGEN_SUB_S8(p, a, b) ((int8_t)edgegen_sub_element(p, a, b))
#define EDGEGEN_MUL_S8(p, a, b) ((int8_t)edgegen_mul_element(p, a, b))
#define EDGEGEN_ADD_S16(p, a, b) ((int16_t)edgegen_add_element(p, a, b))
#define EDGEGEN_SUB_S16(p, a, b) ((int16_t)edgegen_sub_element(p, a, b))
#define EDGEGEN_MUL_S16(p, a, b) ((int16_t)edgegen_mul_element(p, a, b))

#define EDGEGEN_DIV_S8(p, a, b) ((int8_t)edgegen_div_element(p, a, b))
#define EDGEGEN_DIV_S16(p, a, b) ((int16_t)edgegen_div_element(p, a, b))
#define EDGEGEN_SQUARED_DIFFERENCE_S8(p, a, b) ((int8_t)edgegen_squared_difference_element(p, a, b))
#define EDGEGEN_SQUARED_DIFFERENCE_S16(p, a, b) ((int16_t)edgegen_squared_difference_element(p, a, b))

EDGEGEN_ELEMENTWISE(add_s8, edgegen_add_quantized, int8_t, EDGEGEN_ADD_S8)
EDGEGEN_ELEMENTWISE(sub_s8, edgegen_add_quantized, int8_t, EDGEGEN_SUB_S8)
EDGEGEN_ELEMENTWISE(mul_s8, edgegen_mul_quantized, int8_t, EDGEGEN_MUL_S8)
EDGEGEN_ELEMENTWISE(add_s16, edgegen_add_quantized, int16_t, EDGEGEN_ADD_S16)
EDGEGEN_ELEMENTWISE(sub_s16, edgegen_add_quantized, int16_t, EDGEGEN_SUB_S16)
EDGEGEN_ELEMENTWISE(mul_s16, edgegen_mul_quantized, int16_t, EDGEGEN_MUL_S16)
EDGEGEN_ELEMENTWISE(div_s8, edgegen_mul_quantized, int8_t, EDGEGEN_DIV_S8)
EDGEGEN_ELEMENTWISE(div_s16, edgegen_mul_quantized, int16_t, EDGEGEN_DIV_S16)
EDGEGEN_ELEMENTWISE(squared_difference_s8, edgegen_add_quantized, int8_t, EDGEGEN_SQUARED_DIFFERENCE_S8)
EDGEGEN_ELEMENTWISE(squared_difference_s16, edgegen_add_quantized, int16_t, EDGEGEN_SQUARED_DIFFERENCE_S16)

#endif
