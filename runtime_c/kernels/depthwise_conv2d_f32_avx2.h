/* Depthwise convolution on f32 with AVX2 and FMA: a vector of channels, 4 pixels at a time. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_F32_AVX2_H
#define EDGEGEN_DEPTHWISE_CONV2D_F32_AVX2_H

#include "kernels/windows.h"
#include "simd/avx2.h"

/* taps: as many weights stay in registers; 0 for any number. masked: the block has fewer than 8 channels. */
EDGEGEN_INLINE void edgegen_avx2_depthwise_f32_strip(int taps, int masked, const edgegen_strip *s)
{
    const __m256i some = edgegen_avx2_first(masked ? s->channels : 8);
    const float *weights = (const float *)(const void *)s->weights;
    const __m256 bias = _mm256_loadu_ps((const float *)(const void *)s->epilogue);
    const __m256 low = _mm256_set1_ps(s->low_f32), high = _mm256_set1_ps(s->high_f32);
    const ptrdiff_t count = s->pixels < 4 ? s->pixels : 4, last = count - 1;
    const ptrdiff_t at[4] = { 0, (1 < last ? 1 : last) * s->x_step, (2 < last ? 2 : last) * s->x_step,
                              last * s->x_step };
    __m256 w[9];
    for (int t = 0; t < taps; t++) {
        w[t] = _mm256_loadu_ps(weights + 8 * t);
    }
    for (ptrdiff_t i = 0;;) {
        const uint8_t *x = s->x + i * s->x_step;
        __m256 sum[4] = { bias, bias, bias, bias };
        for (ptrdiff_t t = 0; t < (taps ? taps : s->run_count); t++) {
            const __m256 weight = taps ? w[t] : _mm256_loadu_ps(weights + 8 * t);
            const uint8_t *in = x + s->runs[t];
            for (int k = 0; k < 4; k++) {
                const float *from = (const float *)(const void *)(in + at[k]);
                const __m256 v = masked ? _mm256_maskload_ps(from, some) : _mm256_loadu_ps(from);
                sum[k] = _mm256_fmadd_ps(v, weight, sum[k]);
            }
        }
        for (int k = 0; k < 4; k++) {
            if (k < count) {
                float *const to = (float *)(void *)(s->y + (i + k) * s->y_step);
                const __m256 v = _mm256_min_ps(high, _mm256_max_ps(low, sum[k]));
                if (masked) {
                    _mm256_maskstore_ps(to, some, v);
                } else {
                    _mm256_storeu_ps(to, v);
                }
            }
        }
        if (i == s->pixels - count) {
            return;
        }
        i = i + 2 * count <= s->pixels ? i + count : s->pixels - count;
    }
}

#define EDGEGEN_AVX2_DEPTHWISE_F32(taps, masked)                                                                       \
    static EDGEGEN_NOINLINE void edgegen_avx2_depthwise_f32_##taps##x##masked(const edgegen_strip *s)                  \
    {                                                                                                                  \
        edgegen_avx2_depthwise_f32_strip(taps, masked, s);                                                             \
    }

/* x * weights + bias -> y; weights [vector][tap][8 channels]; runs: bytes from a window's start to each tap. */
EDGEGEN_KERNEL void depthwise_conv2d_f32_avx2(const edgegen_windows *p, const float *x, const float *weights,
                                              const float *bias, const int32_t *runs, uint8_t *scratch, float *y)
{
    const edgegen_filters filters = { (const uint8_t *)weights, (const uint8_t *)bias, runs, NULL };
    const edgegen_window_sizes size = { 4, 4, 4, 8, 32, 32, 32 };
    edgegen_walk_windows(p, size, &filters, x, edgegen_copy_f32, scratch, y);
}

/* The same for windows that never leave the image. */
EDGEGEN_KERNEL void depthwise_conv2d_f32_avx2_direct(const edgegen_windows *p, const float *x, const float *weights,
                                                     const float *bias, const int32_t *runs, float *y)
{
    depthwise_conv2d_f32_avx2(p, x, weights, bias, runs, NULL, y);
}

#endif
