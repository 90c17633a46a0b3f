/* f32 quantized to s8 while the model runs, each row to its own scale, on AArch64. */
#ifndef EDGEGEN_QUANTIZE_ROWS_NEON_H
#define EDGEGEN_QUANTIZE_ROWS_NEON_H

#include "kernels/quantize_rows.h"
#include "simd/neon.h"

/* 4 of x * inverse, rounded half away from zero and saturated to s32; NaN becomes 0. */
EDGEGEN_INLINE int32x4_t edgegen_neon_quantized_by(const float *x, float inverse)
{
    return vcvtaq_s32_f32(vmulq_n_f32(vld1q_f32(x), inverse));
}

/* x[depth] * inverse + zero -> q, which may be x: all that a step writes lies before what is still to be read. */
EDGEGEN_INLINE void edgegen_neon_quantize_all(const float *x, int32_t depth, float inverse, int32_t zero, int8_t *q)
{
    const int16x8_t zeros = vdupq_n_s16((int16_t)zero);
    int32_t i = 0;
    for (; i + 8 <= depth; i += 8) {
        const int16x4_t low = vqmovn_s32(edgegen_neon_quantized_by(x + i, inverse));
        const int16x8_t both = vqmovn_high_s32(low, edgegen_neon_quantized_by(x + i + 4, inverse));
        vst1_s8(q + i, vqmovn_s16(vqaddq_s16(both, zeros)));
    }
    for (; i < depth; i++) {
        q[i] = (int8_t)edgegen_clamp_s32(edgegen_quantized_by(x[i], 2.0f * inverse) + zero, -128, 127);
    }
}

/* As quantize_rows_symmetric; NaN makes some number of the range of it. */
EDGEGEN_KERNEL void quantize_rows_symmetric_neon(const edgegen_quantize_rows *p, const float *x, int8_t *q,
                                                 float *scale, int32_t *zero)
{
    for (int32_t r = 0; r < p->rows; r++) {
        float32x4_t most = vdupq_n_f32(0.0f);
        int32_t i = 0;
        for (; i + 4 <= p->depth; i += 4) {
            most = vmaxnmq_f32(most, vabsq_f32(vld1q_f32(x + i)));
        }
        float range = vmaxnmvq_f32(most);
        for (; i < p->depth; i++) {
            const float magnitude = fabsf(x[i]);
            range = magnitude > range ? magnitude : range;
        }
        edgegen_neon_quantize_all(x, p->depth, range > 0.0f ? 127.0f / range : 0.0f, 0, q);
        scale[r] = range > 0.0f ? range / 127.0f : 1.0f;
        zero[r] = 0;
        x += p->depth;
        q += p->depth;
    }
}

/* As quantize_rows_asymmetric. */
EDGEGEN_KERNEL void quantize_rows_asymmetric_neon(const edgegen_quantize_rows *p, const float *x, int8_t *q,
                                                  float *scale, int32_t *zero)
{
    for (int32_t r = 0; r < p->rows; r++) {
        float32x4_t least = vdupq_n_f32(0.0f), most = least;
        int32_t i = 0;
        for (; i + 4 <= p->depth; i += 4) {
            const float32x4_t v = vld1q_f32(x + i);
            least = vminnmq_f32(least, v);
            most = vmaxnmq_f32(most, v);
        }
        float low = vminnmvq_f32(least), high = vmaxnmvq_f32(most);
        for (; i < p->depth; i++) {
            low = x[i] < low ? x[i] : low;
            high = x[i] > high ? x[i] : high;
        }
        scale[r] = 1.0f;
        zero[r] = 0;
        if (low < high) {
            scale[r] = edgegen_asymmetric_scale(low, high, zero + r);
        }
        const float inverse = low < high && scale[r] > 0.0f ? 1.0f / scale[r] : 0.0f;
        edgegen_neon_quantize_all(x, p->depth, inverse, zero[r], q);
        x += p->depth;
        q += p->depth;
    }
}

#endif
