/* Layers on rows or images quantized at run time for ARMv8.0. */
#ifndef EDGEGEN_HYBRID_NEON_H
#define EDGEGEN_HYBRID_NEON_H

#include "kernels/hybrid_windows.h"
#include "simd/neon.h"

/* sum += 16 products */
EDGEGEN_INLINE int32x4_t edgegen_hybrid_neon_dot(int32x4_t sum, int8x16_t x, const int8_t *weights)
{
    const int8x16_t w = vld1q_s8(weights);
    sum = vpadalq_s16(sum, vmull_s8(vget_low_s8(x), vget_low_s8(w)));
    return vpadalq_s16(sum, vmull_high_s8(x, w));
}

EDGEGEN_INLINE void edgegen_hybrid_dots_neon(const int8_t *window, const int8_t *weights, int32_t padded,
                                             int32_t sums[4])
{
    int32x4_t a = vdupq_n_s32(0), b = a, c = a, d = a;
    for (int32_t k = 0; k < padded; k += 16) {
        const int8x16_t x = vld1q_s8(window + k);
        a = edgegen_hybrid_neon_dot(a, x, weights + k);
        b = edgegen_hybrid_neon_dot(b, x, weights + padded + k);
        c = edgegen_hybrid_neon_dot(c, x, weights + 2 * padded + k);
        d = edgegen_hybrid_neon_dot(d, x, weights + 3 * padded + k);
    }
    vst1q_s32(sums, vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d)));
}

EDGEGEN_HYBRID_WINDOWS(hybrid_windows_neon, edgegen_hybrid_dots_neon)

#endif
