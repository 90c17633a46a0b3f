/* Softmax on s8 for AArch64: fixed point as in TensorFlow Lite Micro, with exponentials from a table. */
#ifndef EDGEGEN_SOFTMAX_S8_NEON_H
#define EDGEGEN_SOFTMAX_S8_NEON_H

#include "kernels/softmax_s8.h"
#include "simd/neon.h"

/* Exponentials of 4 differences from the maximum; table[length] is 0. */
EDGEGEN_INLINE int32x4_t edgegen_neon_exponentials(const int32_t *table, int32_t length, int32_t most, const int8_t *x)
{
    int32x4_t e = vdupq_n_s32(table[edgegen_min_s32(most - x[0], length)]);
    e = vsetq_lane_s32(table[edgegen_min_s32(most - x[1], length)], e, 1);
    e = vsetq_lane_s32(table[edgegen_min_s32(most - x[2], length)], e, 2);
    return vsetq_lane_s32(table[edgegen_min_s32(most - x[3], length)], e, 3);
}

EDGEGEN_INLINE int8x8_t edgegen_neon_probabilities(int32x4_t exponentials, int32_t scale, int32_t exponent)
{
    /* neither is negative, so that rounding ties up is rounding them away from zero */
    const int32x4_t product = vqrdmulhq_n_s32(exponentials, scale);
    const int16x4_t narrow = vqmovn_s32(vrshlq_s32(product, vdupq_n_s32(-exponent)));
    return vqmovn_s16(vqsubq_s16(vcombine_s16(narrow, narrow), vdupq_n_s16(128)));
}

/* exponentials[length + 1]: exp of the differences 0, -1, ... from the row's maximum, times 2^31, and a 0 at the end.
 * y may be x. */
EDGEGEN_KERNEL void softmax_s8_neon(const edgegen_softmax_s8 *p, const int8_t *x, const int32_t *exponentials,
                                    int8_t *y)
{
    const int32_t whole = p->depth - p->depth % 4, left = p->depth % 4;
    for (int32_t r = 0; r < p->rows; r++) {
        int8_t last[4] = { -128, -128, -128, -128 };
        memcpy(last, x + whole, (size_t)left);
        int32_t most = edgegen_max_s32(edgegen_max_s32(last[0], last[1]), last[2]);
        int32_t c = 0;
        int8x16_t largest = vdupq_n_s8(-128);
        for (; c + 16 <= whole; c += 16) {
            largest = vmaxq_s8(largest, vld1q_s8(x + c));
        }
        most = edgegen_max_s32(most, vmaxvq_s8(largest));
        for (; c < whole; c++) {
            most = edgegen_max_s32(most, x[c]);
        }
        int32x4_t sums = vdupq_n_s32(0); /* 12 integer bits */
        for (c = 0; c < whole; c += 4) {
            const int32x4_t e = edgegen_neon_exponentials(exponentials, p->length, most, x + c);
            sums = vaddq_s32(sums, vrshrq_n_s32(e, 12));
        }
        uint32_t sum = vaddvq_u32(vreinterpretq_u32_s32(sums));
        for (c = 0; c < left; c++) {
            const int32_t e = exponentials[edgegen_min_s32(most - last[c], p->length)];
            sum += (uint32_t)edgegen_rounding_shift_right(e, 12);
        }
        const int32_t zeros = edgegen_leading_zeros(sum);
        const int32_t scale = edgegen_reciprocal_of_one_plus((int32_t)((sum << zeros) - UINT32_C(0x80000000)));
        const int32_t exponent = edgegen_min_s32(12 - zeros + 31 - 8, 32); /* a shift by 32 leaves nothing but 0 */
        for (c = 0; c < whole; c += 4) {
            const int32x4_t e = edgegen_neon_exponentials(exponentials, p->length, most, x + c);
            const int8x8_t v = edgegen_neon_probabilities(e, scale, exponent);
            const int32_t word = vget_lane_s32(vreinterpret_s32_s8(v), 0);
            memcpy(y + c, &word, sizeof word);
        }
        if (left > 0) {
            const int32x4_t e = edgegen_neon_exponentials(exponentials, p->length, most, last);
            int8_t all[8];
            vst1_s8(all, edgegen_neon_probabilities(e, scale, exponent));
            memcpy(y + whole, all, (size_t)left);
        }
        x += p->depth;
        y += p->depth;
    }
}

#endif
