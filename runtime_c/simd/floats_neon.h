/* Vectors of floats and how codes become them: NEON. The same names as in floats_x86.h. */
#ifndef EDGEGEN_SIMD_FLOATS_H
#define EDGEGEN_SIMD_FLOATS_H

#include "edgegen.h"
#include <arm_neon.h>

typedef float32x4_t edgegen_floats;
typedef uint32x4_t edgegen_words;

/* Lanes of a vector, and rows of a register tile whose columns are four vectors. */
enum { EDGEGEN_FLOATS = 4, EDGEGEN_FLOATS_ROWS = 4 };

EDGEGEN_INLINE edgegen_floats edgegen_floats_load(const float *p) { return vld1q_f32(p); }
EDGEGEN_INLINE void edgegen_floats_store(float *p, edgegen_floats v) { vst1q_f32(p, v); }
EDGEGEN_INLINE edgegen_floats edgegen_floats_spread(float v) { return vdupq_n_f32(v); }
EDGEGEN_INLINE edgegen_floats edgegen_floats_subtract(edgegen_floats a, edgegen_floats b) { return vsubq_f32(a, b); }
EDGEGEN_INLINE edgegen_floats edgegen_floats_multiply(edgegen_floats a, edgegen_floats b) { return vmulq_f32(a, b); }

EDGEGEN_INLINE edgegen_floats edgegen_floats_add(edgegen_floats a, edgegen_floats b) { return vaddq_f32(a, b); }
EDGEGEN_INLINE edgegen_floats edgegen_floats_divide(edgegen_floats a, edgegen_floats b) { return vdivq_f32(a, b); }

/* sum + a * b */
EDGEGEN_INLINE edgegen_floats edgegen_floats_add_product(edgegen_floats sum, edgegen_floats a, edgegen_floats b)
{
    return vfmaq_f32(sum, a, b);
}

EDGEGEN_INLINE edgegen_floats edgegen_floats_clamp(edgegen_floats v, float low, float high)
{
    return vminq_f32(vmaxq_f32(v, vdupq_n_f32(low)), vdupq_n_f32(high));
}

/* Two vectors of neighbouring codes. */
typedef struct {
    edgegen_words first, second;
} edgegen_words_2;

typedef struct {
    edgegen_floats first, second;
} edgegen_floats_2;

EDGEGEN_INLINE edgegen_words_2 edgegen_words_widened(uint16x8_t v)
{
    const edgegen_words_2 both = { vmovl_u16(vget_low_u16(v)), vmovl_high_u16(v) };
    return both;
}

EDGEGEN_INLINE edgegen_words_2 edgegen_words_widened_signed(int8x8_t v)
{
    const int16x8_t halves = vmovl_s8(v);
    const edgegen_words_2 both = { vreinterpretq_u32_s32(vmovl_s16(vget_low_s16(halves))),
                                   vreinterpretq_u32_s32(vmovl_high_s16(halves)) };
    return both;
}

EDGEGEN_INLINE edgegen_words_2 edgegen_words_of_u8(const uint8_t *p) { return edgegen_words_widened(vmovl_u8(vld1_u8(p))); }
EDGEGEN_INLINE edgegen_words_2 edgegen_words_of_s8(const uint8_t *p)
{
    return edgegen_words_widened_signed(vreinterpret_s8_u8(vld1_u8(p)));
}
EDGEGEN_INLINE edgegen_words_2 edgegen_words_of_u16(const uint16_t *p) { return edgegen_words_widened(vld1q_u16(p)); }

/* Of each byte the lower half in the first vector, the upper half in the second. */
EDGEGEN_INLINE uint8x8_t edgegen_neon_nibbles(const uint8_t *p)
{
    uint32_t four;
    memcpy(&four, p, sizeof four);
    return vreinterpret_u8_u32(vdup_n_u32(four));
}

EDGEGEN_INLINE edgegen_words_2 edgegen_words_of_u4(const uint8_t *p)
{
    const uint8x8_t both = edgegen_neon_nibbles(p);
    const uint32x2_t low = vreinterpret_u32_u8(vshl_n_u8(both, 4)), high = vreinterpret_u32_u8(both);
    return edgegen_words_widened(vmovl_u8(vshr_n_u8(vreinterpret_u8_u32(vzip1_u32(low, high)), 4)));
}

EDGEGEN_INLINE edgegen_words_2 edgegen_words_of_s4(const uint8_t *p)
{
    const uint8x8_t both = edgegen_neon_nibbles(p);
    const uint32x2_t low = vreinterpret_u32_u8(vshl_n_u8(both, 4)), high = vreinterpret_u32_u8(both);
    return edgegen_words_widened_signed(vshr_n_s8(vreinterpret_s8_u32(vzip1_u32(low, high)), 4));
}

#define EDGEGEN_WORDS_LEFT(v, n) vshlq_n_u32(v, n)

EDGEGEN_INLINE edgegen_words edgegen_words_and(edgegen_words v, uint32_t mask)
{
    return vandq_u32(v, vdupq_n_u32(mask));
}

/* Rounded to whole numbers, ties to even. */
EDGEGEN_INLINE edgegen_words edgegen_words_nearest(edgegen_floats v) { return vreinterpretq_u32_s32(vcvtnq_s32_f32(v)); }

EDGEGEN_INLINE edgegen_words edgegen_words_add(edgegen_words v, int32_t to) { return vaddq_u32(v, vdupq_n_u32((uint32_t)to)); }

/* The lowest bytes of two vectors. */
EDGEGEN_INLINE void edgegen_words_store_8(void *p, edgegen_words_2 v)
{
    vst1_u8((uint8_t *)p, vmovn_u16(vcombine_u16(vmovn_u32(v.first), vmovn_u32(v.second))));
}

EDGEGEN_INLINE edgegen_words edgegen_words_or(edgegen_words a, edgegen_words b) { return vorrq_u32(a, b); }

/* Their numbers, as s32. */
EDGEGEN_INLINE edgegen_floats edgegen_floats_of_words(edgegen_words v) { return vcvtq_f32_s32(vreinterpretq_s32_u32(v)); }

/* Their bits. */
EDGEGEN_INLINE edgegen_floats edgegen_floats_as_words(edgegen_words v) { return vreinterpretq_f32_u32(v); }

EDGEGEN_INLINE edgegen_floats_2 edgegen_floats_of_halves(const uint16_t *p)
{
    const float16x8_t halves = vreinterpretq_f16_u16(vld1q_u16(p));
    const edgegen_floats_2 both = { vcvt_f32_f16(vget_low_f16(halves)), vcvt_high_f32_f16(halves) };
    return both;
}

#endif
