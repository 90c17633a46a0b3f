/* Parameters of element-wise add, sub and mul on x86-64, for operands of the output's shape. */
#ifndef EDGEGEN_BINARY_X86_H
#define EDGEGEN_BINARY_X86_H

#include "edgegen.h"

/* clamp((a * a_factor + b * b_factor + offset) >> 22), where no step exceeds 32 bits */
typedef struct {
    int32_t count, a_factor, b_factor, offset, low, high;
} edgegen_linear_s8_x86;

typedef struct {
    int32_t count;
    float low, high;
} edgegen_binary_f32_x86;

EDGEGEN_INLINE int8_t edgegen_linear_element(const edgegen_linear_s8_x86 *p, int32_t a, int32_t b)
{
    const int32_t sum = (a * p->a_factor + b * p->b_factor + p->offset) >> 22;
    return (int8_t)edgegen_clamp_s32(sum, p->low, p->high);
}

#endif
