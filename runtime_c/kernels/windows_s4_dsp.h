/* Layers on s8 with weights of four bits for the DSP extension, window by window. */
#ifndef EDGEGEN_WINDOWS_S4_DSP_H
#define EDGEGEN_WINDOWS_S4_DSP_H

#include "kernels/gather_window.h"
#include "simd/dsp_nibbles.h"

typedef struct {
    edgegen_gathered windows;
    int32_t x_zero, zero_point, low, high;
} edgegen_windows_s4_dsp;

/* One output pixel: all units, of which there are at least 4, four at a time; the last four step back. */
EDGEGEN_INLINE void edgegen_windows_s4_dsp_pixel(const edgegen_windows_s4_dsp *p, const int8_t *window,
                                                 const uint32_t *weights, const int32_t *epilogue, int8_t *y)
{
    const int32_t groups = p->windows.padded / 8, last = p->windows.units - 4;
    for (int32_t i = 0; i < last + 4; i += 4, weights += 4 * groups) {
        const int32_t o = edgegen_min_s32(i, last);
        int32_t acc[4];
        edgegen_dsp_nibble_dots(window, weights, groups, acc);
        for (int32_t k = 0; k < 4; k++) {
            const int32_t *const e = epilogue + 3 * (o + k);
            const int32_t scaled = edgegen_requantize(acc[k] + e[0], e[1], e[2]) + p->zero_point;
            y[o + k] = (int8_t)edgegen_clamp_s32(scaled, p->low, p->high);
        }
    }
}

/* x[n,h,w,c] * weights[units/4][padded/8][4] + epilogue -> y; epilogue[units][3]: bias with x's zero point folded in,
 * multiplier, shift. */
EDGEGEN_WINDOW_KERNELS(windows_s4_dsp, edgegen_windows_s4_dsp, int8_t,
                       (const uint32_t *weights, const int32_t *epilogue), p->x_zero,
                       edgegen_windows_s4_dsp_pixel(p, window, weights, epilogue, y))

#endif
