/* Between f32 and quantized s8 on AArch64. */
#ifndef EDGEGEN_QUANTIZE_NEON_H
#define EDGEGEN_QUANTIZE_NEON_H

#include "kernels/quantize.h"
#include "simd/neon.h"

/* 4 of x / scale, rounded and saturated to s32; NaN becomes the lower limit. */
EDGEGEN_INLINE int32x4_t edgegen_neon_quantized(const edgegen_quantize *p, const float *x)
{
    const float32x4_t quotient = vdivq_f32(vld1q_f32(x), vdupq_n_f32(p->scale));
    const float32x4_t limited = vmaxnmq_f32(quotient, vdupq_n_f32(p->low));
    return p->even != 0 ? vcvtnq_s32_f32(limited) : vcvtaq_s32_f32(limited);
}

/* 16 elements; narrowing applies the upper limit. */
EDGEGEN_INLINE void edgegen_neon_quantize_16(const edgegen_quantize *p, const float *x, int16x8_t zero, int8_t *y)
{
    const int16x8_t low = edgegen_neon_join(edgegen_neon_quantized(p, x), edgegen_neon_quantized(p, x + 4));
    const int16x8_t high = edgegen_neon_join(edgegen_neon_quantized(p, x + 8), edgegen_neon_quantized(p, x + 12));
    vst1q_s8(y, vqmovn_high_s16(vqmovn_s16(vqaddq_s16(low, zero)), vqaddq_s16(high, zero)));
}

/* 8 elements. */
EDGEGEN_INLINE void edgegen_neon_dequantize_8(const edgegen_dequantize *p, const int8_t *x, int8x8_t zero, float *y)
{
    const int16x8_t wide = vsubl_s8(vld1_s8(x), zero);
    vst1q_f32(y, vmulq_n_f32(vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide))), p->scale));
    vst1q_f32(y + 4, vmulq_n_f32(vcvtq_f32_s32(vmovl_high_s16(wide)), p->scale));
}

EDGEGEN_KERNEL void quantize_f32_s8_neon(const edgegen_quantize *p, const float *x, int8_t *y)
{
    const int16x8_t zero = vdupq_n_s16((int16_t)p->zero_point);
    EDGEGEN_BLOCKS(p, 16, edgegen_neon_quantize_16(p, x + i, zero, y + i), y[i] = (int8_t)edgegen_quantized(p, x[i]))
}

EDGEGEN_KERNEL void dequantize_s8_f32_neon(const edgegen_dequantize *p, const int8_t *x, float *y)
{
    const int8x8_t zero = vdup_n_s8((int8_t)p->zero_point);
    EDGEGEN_BLOCKS(p, 8, edgegen_neon_dequantize_8(p, x + i, zero, y + i), y[i] = edgegen_dequantized(p, x[i]))
}

#endif
