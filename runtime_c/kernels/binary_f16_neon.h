/* Element-wise arithmetic on f16, eight elements at a time: each result is rounded once, as by way of f32. */
#ifndef EDGEGEN_BINARY_F16_NEON_H
#define EDGEGEN_BINARY_F16_NEON_H

#include "kernels/binary_half.h"
#include "simd/neon_halves.h"

#define EDGEGEN_NEON_LARGER_F16(a, b) vbslq_f16(vcgtq_f16(a, b), a, b)
#define EDGEGEN_NEON_SMALLER_F16(a, b) vbslq_f16(vcltq_f16(a, b), a, b)

/* Eight elements from `i` on, or one of them eight times. */
EDGEGEN_INLINE float16x8_t edgegen_neon_operand_f16(const uint16_t *row, int32_t step, int32_t i)
{
    return step == 0 ? vreinterpretq_f16_u16(vdupq_n_u16(*row)) : edgegen_neon_load_f16(row + i);
}

/* Innermost steps are 0 or 1. */
#define EDGEGEN_NEON_BINARY_F16(function, VECTOR)                                                                      \
    EDGEGEN_ELEMENTWISE_ROWS(function##_f16_neon, edgegen_binary_f32, uint16_t, uint16_t,                              \
                             const edgegen_neon_bounds_f16 bounds = edgegen_neon_bounds(p->low, p->high);              \
                             int32_t i = 0;                                                                            \
                             for (; i + 8 <= n[5]; i += 8) {                                                           \
                                 const float16x8_t va = edgegen_neon_operand_f16(row_a, sa[5], i);                     \
                                 const float16x8_t vb = edgegen_neon_operand_f16(row_b, sb[5], i);                     \
                                 edgegen_neon_store_f16(y + i, edgegen_neon_clamp_f16(VECTOR(va, vb), bounds));        \
                             }                                                                                         \
                             for (; i < n[5]; i++) {                                                                   \
                                 y[i] = edgegen_##function##_f16_element(p, row_a[i * sa[5]], row_b[i * sb[5]]);       \
                             })

EDGEGEN_NEON_BINARY_F16(add, vaddq_f16)
EDGEGEN_NEON_BINARY_F16(sub, vsubq_f16)
EDGEGEN_NEON_BINARY_F16(mul, vmulq_f16)
EDGEGEN_NEON_BINARY_F16(div, vdivq_f16)
EDGEGEN_NEON_BINARY_F16(maximum, EDGEGEN_NEON_LARGER_F16)
EDGEGEN_NEON_BINARY_F16(minimum, EDGEGEN_NEON_SMALLER_F16)

#endif
