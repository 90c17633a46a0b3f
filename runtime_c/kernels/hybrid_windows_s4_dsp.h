/* Layers on rows or images quantized at run time with weights of four bits for the DSP extension. */
#ifndef EDGEGEN_HYBRID_WINDOWS_S4_DSP_H
#define EDGEGEN_HYBRID_WINDOWS_S4_DSP_H

#include "kernels/hybrid_windows.h"
#include "simd/dsp_nibbles.h"

/* One output pixel: all units, of which there are at least 4, four at a time; the last four step back. */
EDGEGEN_INLINE void edgegen_hybrid_s4_dsp_pixel(const edgegen_hybrid_windows *p, const int8_t *window,
                                                const uint32_t *weights, float row, int32_t zero, const float *factors,
                                                const int32_t *sums, float *y)
{
    const int32_t groups = p->windows.padded / 8, last = p->windows.units - 4;
    for (int32_t i = 0; i < last + 4; i += 4, weights += 4 * groups) {
        const int32_t o = edgegen_min_s32(i, last);
        int32_t acc[4];
        edgegen_dsp_nibble_dots(window, weights, groups, acc);
        edgegen_hybrid_four(&p->output, acc, 4, row, zero, factors + 2 * o, sums + o, y + o);
    }
}

/* As EDGEGEN_HYBRID_WINDOWS defines them, with weights[units/4][padded/8][4]. */
EDGEGEN_WINDOW_KERNELS(hybrid_windows_s4_dsp, edgegen_hybrid_windows, float,
                       (const float *scale, const int32_t *zero, const uint32_t *weights, const float *factors,
                        const int32_t *sums),
                       zero[n],
                       edgegen_hybrid_s4_dsp_pixel(p, window, weights, scale[n], zero[n], factors, sums, y))

#endif
