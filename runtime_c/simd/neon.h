/* NEON: loads of parts of registers, and exact fixed-point requantization of accumulators to s8. */
#ifndef EDGEGEN_SIMD_NEON_H
#define EDGEGEN_SIMD_NEON_H

#include "edgegen.h"
#include <arm_neon.h>

/* 8 bytes at x, then zeros. */
EDGEGEN_INLINE int8x16_t edgegen_neon_load8_s8(const int8_t *x)
{
    return vcombine_s8(vld1_s8(x), vdup_n_s8(0));
}

/* Stores the first `count` bytes of v, at most 8. */
EDGEGEN_INLINE void edgegen_neon_store8_s8(int8_t *y, int8x8_t v, int32_t count)
{
    if (count == 8) {
        vst1_s8(y, v);
    } else {
        int8_t all[8];
        vst1_s8(all, v);
        memcpy(y, all, (size_t)count);
    }
}

/* How s32 accumulators become s8; the same for all channels of a layer.
 * shift:  the channels' greatest
 * scaled: multipliers are the bits of f32 factors, as ONNX requantizes; there are no shifts then
 * step:   of y, elements from one pixel or row to the next */
typedef struct {
    int32_t zero_point, low, high, shift, scaled, step;
} edgegen_neon_output;

/* The same for f32, where only the clamp is left. */
typedef struct {
    float low, high;
    int32_t step;
} edgegen_neon_output_f32;

/* The first `count` of 8 sums. */
EDGEGEN_INLINE void edgegen_neon_store8_s32(int32_t *y, int32x4_t low, int32x4_t high, int32_t count)
{
    if (count == 8) {
        vst1q_s32(y, low);
        vst1q_s32(y + 4, high);
    } else {
        int32_t all[8];
        vst1q_s32(all, low);
        vst1q_s32(all + 4, high);
        memcpy(y, all, (size_t)count * sizeof *y);
    }
}

/* Multiplier and shift of 4 channels. */
typedef struct {
    int32x4_t multiplier, shift;
} edgegen_neon_factor;

EDGEGEN_INLINE edgegen_neon_factor edgegen_neon_load_factor(const int32_t *multiplier_shift)
{
    const edgegen_neon_factor f = { vld1q_s32(multiplier_shift), vld1q_s32(multiplier_shift + 4) };
    return f;
}

/* acc * multiplier * 2^(shift - 31), rounded twice as edgegen_requantize does.
 * SQRDMULH rounds ties up, and so does the truncating division after the nudge of gemmlowp's doubling high multiply:
 * for a negative tie -(k + 1/2) both give -k. SRSHL rounds ties up too, where the reference rounds them away from
 * zero: taking 1 from negative values first makes them equal. Results below zero need no such care when the output's
 * low bound is its zero point or above: whichever way they are rounded, they are clamped. FCVTN rounds ties to even. */
EDGEGEN_INLINE int32x4_t edgegen_neon_scale(int32x4_t acc, edgegen_neon_factor f, const edgegen_neon_output *out)
{
    if (out->scaled != 0) {
        return vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(acc), vreinterpretq_f32_s32(f.multiplier)));
    }
    int32x4_t right = f.shift;
    if (out->shift > 0) {
        acc = vshlq_s32(acc, vmaxq_s32(f.shift, vdupq_n_s32(0)));
        right = vminq_s32(f.shift, vdupq_n_s32(0));
    }
    acc = vqrdmulhq_s32(acc, f.multiplier);
    if (out->low < out->zero_point) {
        acc = vsraq_n_s32(acc, out->shift < 0 ? acc : vandq_s32(acc, right), 31); /* not where nothing is shifted */
    }
    return vrshlq_s32(acc, right);
}

/* Adds the zero point to scaled values and clamps them: 8 at a time. */
EDGEGEN_INLINE int8x8_t edgegen_neon_narrow8(int16x8_t v, const edgegen_neon_output *out)
{
    if (out->low >= out->zero_point) { /* distances above the zero point fit u8 */
        uint8x8_t u = vqmovun_s16(v);
        if (out->high - out->zero_point < 255) {
            u = vmin_u8(u, vdup_n_u8((uint8_t)(out->high - out->zero_point)));
        }
        if (out->low > out->zero_point) {
            u = vmax_u8(u, vdup_n_u8((uint8_t)(out->low - out->zero_point)));
        }
        return vreinterpret_s8_u8(vadd_u8(u, vdup_n_u8((uint8_t)out->zero_point)));
    }
    int8x8_t s = vqmovn_s16(vqaddq_s16(v, vdupq_n_s16((int16_t)out->zero_point)));
    if (out->low > -128) {
        s = vmax_s8(s, vdup_n_s8((int8_t)out->low));
    }
    if (out->high < 127) {
        s = vmin_s8(s, vdup_n_s8((int8_t)out->high));
    }
    return s;
}

/* The same for 16. */
EDGEGEN_INLINE int8x16_t edgegen_neon_narrow16(int16x8_t a, int16x8_t b, const edgegen_neon_output *out)
{
    if (out->low >= out->zero_point) {
        uint8x16_t u = vqmovun_high_s16(vqmovun_s16(a), b);
        if (out->high - out->zero_point < 255) {
            u = vminq_u8(u, vdupq_n_u8((uint8_t)(out->high - out->zero_point)));
        }
        if (out->low > out->zero_point) {
            u = vmaxq_u8(u, vdupq_n_u8((uint8_t)(out->low - out->zero_point)));
        }
        return vreinterpretq_s8_u8(vaddq_u8(u, vdupq_n_u8((uint8_t)out->zero_point)));
    }
    const int16x8_t zero = vdupq_n_s16((int16_t)out->zero_point);
    int8x16_t s = vqmovn_high_s16(vqmovn_s16(vqaddq_s16(a, zero)), vqaddq_s16(b, zero));
    if (out->low > -128) {
        s = vmaxq_s8(s, vdupq_n_s8((int8_t)out->low));
    }
    if (out->high < 127) {
        s = vminq_s8(s, vdupq_n_s8((int8_t)out->high));
    }
    return s;
}

/* 8 scaled s32 as s16; what saturates here is clamped to s8 anyway. */
EDGEGEN_INLINE int16x8_t edgegen_neon_join(int32x4_t a, int32x4_t b)
{
    return vqmovn_high_s32(vqmovn_s32(a), b);
}

/* Sides that are open, at an infinity, cost nothing where the bounds are constants. */
EDGEGEN_INLINE float32x4_t edgegen_neon_clamp_f32(float32x4_t v, const edgegen_neon_output_f32 *out)
{
    if (out->low > -EDGEGEN_INFINITY) {
        v = vmaxq_f32(v, vdupq_n_f32(out->low));
    }
    if (out->high < EDGEGEN_INFINITY) {
        v = vminq_f32(v, vdupq_n_f32(out->high));
    }
    return v;
}

#endif
