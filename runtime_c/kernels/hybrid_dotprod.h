/* Layers on rows or images quantized at run time with SDOT. */
#ifndef EDGEGEN_HYBRID_DOTPROD_H
#define EDGEGEN_HYBRID_DOTPROD_H

#include "kernels/hybrid_windows.h"
#include "simd/neon.h"

EDGEGEN_INLINE void edgegen_hybrid_dots_dotprod(const int8_t *window, const int8_t *weights, int32_t padded,
                                                int32_t sums[4])
{
    int32x4_t a = vdupq_n_s32(0), b = a, c = a, d = a;
    for (int32_t k = 0; k < padded; k += 16) {
        const int8x16_t x = vld1q_s8(window + k);
        a = vdotq_s32(a, x, vld1q_s8(weights + k));
        b = vdotq_s32(b, x, vld1q_s8(weights + padded + k));
        c = vdotq_s32(c, x, vld1q_s8(weights + 2 * padded + k));
        d = vdotq_s32(d, x, vld1q_s8(weights + 3 * padded + k));
    }
    vst1q_s32(sums, vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d)));
}

EDGEGEN_HYBRID_WINDOWS(hybrid_windows_dotprod, edgegen_hybrid_dots_dotprod)

#endif
