/* Softmax on f32 for AArch64. */
#ifndef EDGEGEN_SOFTMAX_F32_NEON_H
#define EDGEGEN_SOFTMAX_F32_NEON_H

#include "kernels/softmax.h"
#include "simd/neon.h"

/* exp(x) for x <= 0 within 2 units in the last place, and 0 below the least normal number.
 * x = n * log(2) + r with |r| <= log(2) / 2; 2^n is made of an exponent's bits; exp(r) is 1 + r + r^2 times a
 * polynomial fitted to (exp(r) - 1 - r) / r^2 at Chebyshev points. */
EDGEGEN_INLINE float32x4_t edgegen_neon_exp_f32(float32x4_t x)
{
    const uint32x4_t normal = vcgeq_f32(x, vdupq_n_f32(-0x1.5d589ep+6f)); /* log(2^-126) */
    const float32x4_t n = vrndnq_f32(vmulq_f32(x, vdupq_n_f32(0x1.715476p+0f)));
    float32x4_t r = vfmsq_f32(x, n, vdupq_n_f32(0x1.62e400p-1f)); /* log(2) in two parts: n times the first is exact */
    r = vfmsq_f32(r, n, vdupq_n_f32(0x1.7f7d1cp-20f));
    float32x4_t q = vfmaq_f32(vdupq_n_f32(0x1.121588p-7f), r, vdupq_n_f32(0x1.6d4f40p-10f));
    q = vfmaq_f32(vdupq_n_f32(0x1.5554e0p-5f), r, q);
    q = vfmaq_f32(vdupq_n_f32(0x1.5554d4p-3f), r, q);
    q = vfmaq_f32(vdupq_n_f32(0x1.000000p-1f), r, q);
    const float32x4_t e = vaddq_f32(vdupq_n_f32(1.0f), vfmaq_f32(r, vmulq_f32(r, r), q));
    const int32x4_t exponent = vshlq_n_s32(vcvtq_s32_f32(n), 23);
    const int32x4_t scaled = vaddq_s32(vreinterpretq_s32_f32(e), exponent);
    return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_s32(scaled), normal));
}

/* x[rows,depth] -> y, each row by itself; y may be x. */
EDGEGEN_KERNEL void softmax_f32_neon(const edgegen_softmax_f32 *p, const float *x, float *y)
{
    const int32_t whole = p->depth - p->depth % 4, left = p->depth % 4;
    for (int32_t r = 0; r < p->rows; r++) {
        float32x4_t largest = vdupq_n_f32(x[0]);
        for (int32_t c = 0; c < whole; c += 4) {
            largest = vmaxq_f32(largest, vld1q_f32(x + c));
        }
        float last[4] = { x[0], x[0], x[0], x[0] };
        memcpy(last, x + whole, (size_t)left * sizeof *x);
        const float32x4_t most = vdupq_n_f32(vmaxvq_f32(vmaxq_f32(largest, vld1q_f32(last))));
        float32x4_t sums = vdupq_n_f32(0.0f);
        for (int32_t c = 0; c < whole; c += 4) {
            const float32x4_t e = edgegen_neon_exp_f32(vmulq_n_f32(vsubq_f32(vld1q_f32(x + c), most), p->beta));
            vst1q_f32(y + c, e);
            sums = vaddq_f32(sums, e);
        }
        float sum = vaddvq_f32(sums);
        if (left > 0) {
            vst1q_f32(last, edgegen_neon_exp_f32(vmulq_n_f32(vsubq_f32(vld1q_f32(last), most), p->beta)));
            for (int32_t c = 0; c < left; c++) {
                y[whole + c] = last[c];
                sum += last[c];
            }
        }
        const float32x4_t divisor = vdupq_n_f32(sum);
        for (int32_t c = 0; c < whole; c += 4) {
            vst1q_f32(y + c, vdivq_f32(vld1q_f32(y + c), divisor));
        }
        for (int32_t c = whole; c < p->depth; c++) {
            y[c] /= sum;
        }
        x += p->depth;
        y += p->depth;
    }
}

#endif
