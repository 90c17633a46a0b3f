/* Depthwise convolution on f32 with AVX-512: a vector of channels, 4 pixels at a time. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_F32_AVX512_H
#define EDGEGEN_DEPTHWISE_CONV2D_F32_AVX512_H

#include "kernels/windows.h"
#include "simd/avx512.h"

/* taps: as many weights stay in registers; 0 for any number. masked: the block has fewer than 16 channels. */
EDGEGEN_INLINE void edgegen_avx512_depthwise_f32_strip(int taps, int masked, const edgegen_strip *s)
{
    const __mmask16 some = (__mmask16)edgegen_avx512_first(masked ? s->channels : 16);
    const float *weights = (const float *)(const void *)s->weights;
    const __m512 bias = _mm512_loadu_ps(s->epilogue);
    const __m512 low = _mm512_set1_ps(s->low_f32), high = _mm512_set1_ps(s->high_f32);
    const ptrdiff_t count = s->pixels < 4 ? s->pixels : 4, last = count - 1;
    const ptrdiff_t at[4] = { 0, (1 < last ? 1 : last) * s->x_step, (2 < last ? 2 : last) * s->x_step,
                              last * s->x_step };
    __m512 w[25];
    for (int t = 0; t < taps; t++) {
        w[t] = _mm512_loadu_ps(weights + 16 * t);
    }
    for (ptrdiff_t i = 0;;) {
        const uint8_t *x = s->x + i * s->x_step;
        __m512 sum[4] = { bias, bias, bias, bias };
        for (ptrdiff_t t = 0; t < (taps ? taps : s->run_count); t++) {
            const __m512 weight = taps ? w[t] : _mm512_loadu_ps(weights + 16 * t);
            const uint8_t *in = x + s->runs[t];
            for (int k = 0; k < 4; k++) {
                const __m512 v = masked ? _mm512_maskz_loadu_ps(some, in + at[k]) : _mm512_loadu_ps(in + at[k]);
                sum[k] = _mm512_fmadd_ps(v, weight, sum[k]);
            }
        }
        for (int k = 0; k < 4; k++) {
            if (k < count) {
                const __m512 v = _mm512_min_ps(high, _mm512_max_ps(low, sum[k]));
                if (masked) {
                    _mm512_mask_storeu_ps(s->y + (i + k) * s->y_step, some, v);
                } else {
                    _mm512_storeu_ps(s->y + (i + k) * s->y_step, v);
                }
            }
        }
        if (i == s->pixels - count) {
            return;
        }
        i = i + 2 * count <= s->pixels ? i + count : s->pixels - count;
    }
}

#define EDGEGEN_AVX512_DEPTHWISE_F32(taps, masked)                                                                     \
    static EDGEGEN_NOINLINE void edgegen_avx512_depthwise_f32_##taps##x##masked(const edgegen_strip *s)                \
    {                                                                                                                  \
        edgegen_avx512_depthwise_f32_strip(taps, masked, s);                                                           \
    }

/* x * weights + bias -> y; weights [vector][tap][16 channels]; runs: bytes from a window's start to each tap. */
EDGEGEN_KERNEL void depthwise_conv2d_f32_avx512(const edgegen_windows *p, const float *x, const float *weights,
                                                const float *bias, const int32_t *runs, uint8_t *scratch, float *y)
{
    const edgegen_filters filters = { (const uint8_t *)weights, (const uint8_t *)bias, runs, NULL };
    const edgegen_window_sizes size = { 4, 4, 4, 16, 64, 64, 64 };
    edgegen_walk_windows(p, size, &filters, x, edgegen_copy_f32, scratch, y);
}

/* The same for windows that never leave the image. */
EDGEGEN_KERNEL void depthwise_conv2d_f32_avx512_direct(const edgegen_windows *p, const float *x, const float *weights,
                                                       const float *bias, const int32_t *runs, float *y)
{
    depthwise_conv2d_f32_avx512(p, x, weights, bias, runs, NULL, y);
}

#endif
