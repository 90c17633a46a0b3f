/* Element-wise add, sub and mul on AArch64 for operands of the output's shape. The output may lie on either operand. */
#ifndef EDGEGEN_BINARY_NEON_H
#define EDGEGEN_BINARY_NEON_H

#include "simd/neon.h"

/* clamp((a * a_factor + b * b_factor + offset) >> 22), where no step exceeds 32 bits */
typedef struct {
    int32_t count, a_factor, b_factor, offset, low, high;
} edgegen_linear_s8_neon;

typedef struct {
    int32_t count;
    float low, high;
} edgegen_binary_f32_neon;

/* The factors of a and b, and the offset. */
EDGEGEN_INLINE int32x4_t edgegen_neon_linear_factors(const edgegen_linear_s8_neon *p)
{
    const int32_t factors[4] = { p->a_factor, p->b_factor, p->offset, 0 };
    return vld1q_s32(factors);
}

/* 4 sums without their low 16 bits */
EDGEGEN_INLINE int16x4_t edgegen_neon_linear4(int32x4_t factors, int32x4_t a, int32x4_t b)
{
    const int32x4_t sum = vmlaq_laneq_s32(vmulq_laneq_s32(a, factors, 0), b, factors, 1);
    return vaddhn_s32(sum, vdupq_laneq_s32(factors, 2));
}

EDGEGEN_INLINE int8x8_t edgegen_neon_linear8(int32x4_t factors, int8x8_t a, int8x8_t b)
{
    const int16x8_t wide_a = vmovl_s8(a), wide_b = vmovl_s8(b);
    const int32x4_t low = vmovl_s16(vget_low_s16(wide_b)), high = vmovl_high_s16(wide_b);
    return vqshrn_n_s16(vcombine_s16(edgegen_neon_linear4(factors, vmovl_s16(vget_low_s16(wide_a)), low),
                                     edgegen_neon_linear4(factors, vmovl_high_s16(wide_a), high)),
                        6);
}

EDGEGEN_INLINE int8x16_t edgegen_neon_linear_clamp(const edgegen_linear_s8_neon *p, int8x16_t v)
{
    if (p->low > -128) {
        v = vmaxq_s8(v, vdupq_n_s8((int8_t)p->low));
    }
    if (p->high < 127) {
        v = vminq_s8(v, vdupq_n_s8((int8_t)p->high));
    }
    return v;
}

/* a[count], b[count] -> y: TensorFlow Lite Micro's ADD or SUB, where a linear form was proved equal for all inputs */
EDGEGEN_KERNEL void linear_s8_neon(const edgegen_linear_s8_neon *p, const int8_t *a, const int8_t *b, int8_t *y)
{
    const int32x4_t factors = edgegen_neon_linear_factors(p);
    int32_t i = 0;
    for (; i + 16 <= p->count; i += 16) {
        const int8x16_t va = vld1q_s8(a + i), vb = vld1q_s8(b + i);
        const int8x8_t low = edgegen_neon_linear8(factors, vget_low_s8(va), vget_low_s8(vb));
        const int8x8_t high = edgegen_neon_linear8(factors, vget_high_s8(va), vget_high_s8(vb));
        vst1q_s8(y + i, edgegen_neon_linear_clamp(p, vcombine_s8(low, high)));
    }
    for (; i < p->count; i++) {
        const int32_t sum = a[i] * p->a_factor + b[i] * p->b_factor + p->offset;
        y[i] = (int8_t)edgegen_clamp_s32(sum >> 22, p->low, p->high);
    }
}

#define EDGEGEN_NEON_BINARY_F32(name, VECTOR, operator)                                                                \
    EDGEGEN_KERNEL void name(const edgegen_binary_f32_neon *p, const float *a, const float *b, float *y)               \
    {                                                                                                                  \
        const edgegen_neon_output_f32 out = { p->low, p->high, 0 };                                                    \
        int32_t i = 0;                                                                                                 \
        for (; i + 8 <= p->count; i += 8) {                                                                            \
            const float32x4_t v = VECTOR(vld1q_f32(a + i), vld1q_f32(b + i));                                          \
            const float32x4_t w = VECTOR(vld1q_f32(a + i + 4), vld1q_f32(b + i + 4));                                  \
            vst1q_f32(y + i, edgegen_neon_clamp_f32(v, &out));                                                         \
            vst1q_f32(y + i + 4, edgegen_neon_clamp_f32(w, &out));                                                     \
        }                                                                                                              \
        for (; i < p->count; i++) {                                                                                    \
            y[i] = edgegen_clamp_f32(a[i] operator b[i], p->low, p->high);                                             \
        }                                                                                                              \
    }

EDGEGEN_NEON_BINARY_F32(add_f32_neon, vaddq_f32, +)
EDGEGEN_NEON_BINARY_F32(sub_f32_neon, vsubq_f32, -)
EDGEGEN_NEON_BINARY_F32(mul_f32_neon, vmulq_f32, *)

#endif
