/* Layers on rows or images quantized at run time, window by window: what the SIMD kernels have alike. */
#ifndef EDGEGEN_HYBRID_WINDOWS_H
#define EDGEGEN_HYBRID_WINDOWS_H

#include "kernels/gather_window.h"
#include "kernels/hybrid.h"

typedef struct {
    edgegen_gathered windows;
    edgegen_hybrid_output output;
} edgegen_hybrid_windows;

/* Sums of products of `count` units, at most 4, as floats. row: scale of the window's row or image, whose zero point adds
 * zero * sums[unit]; factors[units][2]: scale and bias */
EDGEGEN_INLINE void edgegen_hybrid_four(const edgegen_hybrid_output *p, const int32_t acc[4], int32_t count, float row,
                                        int32_t zero, const float *factors, const int32_t *sums, float *y)
{
    for (int32_t k = 0; k < count; k++) {
        y[k] = edgegen_hybrid_result(p, acc[k] - zero * sums[k], row, factors + 2 * k);
    }
}

/* Sums of a window's products with the weights of 4 units, which lie `padded` bytes apart. */
typedef void edgegen_hybrid_dots(const int8_t *window, const int8_t *weights, int32_t padded, int32_t sums[4]);

/* One output pixel: all units, four at a time; the last four step back. Weights are those of at least 4 units. */
EDGEGEN_INLINE void edgegen_hybrid_pixel(const edgegen_hybrid_windows *p, const int8_t *window, const int8_t *weights,
                                         float row, int32_t zero, const float *factors, const int32_t *sums,
                                         edgegen_hybrid_dots *dots, float *y)
{
    const int32_t padded = p->windows.padded, units = p->windows.units;
    for (int32_t i = 0; i < units; i += 4) {
        const int32_t o = edgegen_max_s32(edgegen_min_s32(i, units - 4), 0);
        int32_t acc[4];
        dots(window, weights + o * padded, padded, acc);
        edgegen_hybrid_four(&p->output, acc, edgegen_min_s32(units, 4), row, zero, factors + 2 * o, sums + o, y + o);
    }
}

/* Defines the kernels name and name_gathered (kernels/gather_window.h).
 *
 * scale[n] * (x[n,h,w,c] - zero[n]) * weights[units,padded] -> y; factors[units][2]: scale and bias, sums[units]: of the
 * weights, which a zero point is multiplied by, since pixels outside of an image read as it. */
#define EDGEGEN_HYBRID_WINDOWS(name, dots)                                                                             \
    EDGEGEN_WINDOW_KERNELS(name, edgegen_hybrid_windows, float,                                                        \
                           (const float *scale, const int32_t *zero, const int8_t *weights, const float *factors,      \
                            const int32_t *sums),                                                                      \
                           zero[n],                                                                                    \
                           edgegen_hybrid_pixel(p, window, weights, scale[n], zero[n], factors, sums, dots, y))

#endif
