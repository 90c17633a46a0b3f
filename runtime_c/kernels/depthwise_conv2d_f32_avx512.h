/* Depthwise convolution on f32 with AVX-512: a vector of channels, 4 pixels at a time. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_F32_AVX512_H
#define EDGEGEN_DEPTHWISE_CONV2D_F32_AVX512_H

#include "kernels/depthwise_windows.h"
#include "simd/avx512.h"

EDGEGEN_INLINE void edgegen_avx512_clamp_store(const edgegen_depthwise_strip *s, float *y, __m512 v, __mmask16 some)
{
    v = _mm512_min_ps(_mm512_set1_ps(s->high), _mm512_max_ps(_mm512_set1_ps(s->low), v));
    _mm512_mask_storeu_ps(y, some, v);
}

/* 1 or 4 vectors of pixels, any taps. */
EDGEGEN_INLINE void edgegen_avx512_depthwise_any(int count, const edgegen_depthwise_strip *s, const float *x,
                                                 const float *weights, __m512 bias, __mmask16 some, float *y)
{
    const ptrdiff_t step = s->side * s->x_step;
    __m512 a = bias, b = bias, c = bias, d = bias;
    for (ptrdiff_t ky = 0; ky < s->rows; ky++) {
        for (ptrdiff_t kx = 0; kx < s->columns; kx++) {
            const __m512 w = _mm512_loadu_ps(weights + ky * s->w_row + kx * 16);
            const float *in = x + ky * s->x_row + kx * s->x_column;
            a = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(some, in), w, a);
            if (count == 4) {
                b = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(some, in + step), w, b);
                c = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(some, in + 2 * step), w, c);
                d = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(some, in + 3 * step), w, d);
            }
        }
    }
    edgegen_avx512_clamp_store(s, y, a, some);
    if (count == 4) {
        const ptrdiff_t y_step = s->side * s->y_step;
        edgegen_avx512_clamp_store(s, y + y_step, b, some);
        edgegen_avx512_clamp_store(s, y + 2 * y_step, c, some);
        edgegen_avx512_clamp_store(s, y + 3 * y_step, d, some);
    }
}

/* Tiles of 4 vectors; the last steps back so that it ends with the last pixel. With fewer pixels, one by one. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_avx512_depthwise_some(const edgegen_depthwise_strip *s)
{
    const ptrdiff_t tile = 4 * s->side;
    if (s->pixels < tile) { /* each pixel by itself, even where several fit into a vector */
        const ptrdiff_t channels = s->channels / s->side;
        for (ptrdiff_t i = 0; i < s->pixels; i++) {
            for (ptrdiff_t c = 0; c < channels; c += 16) {
                const __mmask16 some = (__mmask16)edgegen_avx512_first(channels - c < 16 ? channels - c : 16);
                edgegen_avx512_depthwise_any(1, s, s->x + i * s->x_step + c, s->weights + c / 16 * s->w_vector,
                                             _mm512_loadu_ps(s->bias + c), some, s->y + i * s->y_step + c);
            }
        }
        return;
    }
    for (ptrdiff_t c = 0; c < s->channels; c += 16) {
        const __mmask16 some = (__mmask16)edgegen_avx512_first(s->channels - c < 16 ? s->channels - c : 16);
        for (ptrdiff_t i = 0;;) {
            edgegen_avx512_depthwise_any(4, s, s->x + i * s->x_step + c, s->weights + c / 16 * s->w_vector,
                                         _mm512_loadu_ps(s->bias + c), some, s->y + i * s->y_step + c);
            if (i == s->pixels - tile) {
                break;
            }
            i = i + 2 * tile <= s->pixels ? i + tile : s->pixels - tile;
        }
    }
}

/* Pixels between the edges, all taps: the weights stay in registers. kernel_h * kernel_w <= 25; dense: neighbouring
 * pixels share columns (the stride is the dilation). masked: the vector has fewer than 16 channels. */
EDGEGEN_INLINE void edgegen_avx512_depthwise_vector(int kernel_h, int kernel_w, int dense, int masked,
                                                    const edgegen_depthwise_strip *s, ptrdiff_t c)
{
    const ptrdiff_t tile = 4 * s->side, y_step = s->side * s->y_step, column = s->x_column;
    const ptrdiff_t x_step = dense ? column : s->side * s->x_step;
    const __mmask16 some = (__mmask16)edgegen_avx512_first(masked ? s->channels - c : 16);
    const float *weights = s->weights + c / 16 * s->w_vector;
    const __m512 bias = _mm512_loadu_ps(s->bias + c);
    const __m512 low = _mm512_set1_ps(s->low), high = _mm512_set1_ps(s->high);
    __m512 w[25];
    EDGEGEN_UNROLL
    for (int i = 0; i < kernel_h * kernel_w; i++) {
        w[i] = _mm512_loadu_ps(weights + 16 * i);
    }
    for (ptrdiff_t i = 0;;) {
        const float *x = s->x + i * s->x_step + c;
        float *y = s->y + i * s->y_step + c;
        __m512 sum[4] = { bias, bias, bias, bias };
        EDGEGEN_UNROLL
        for (int ky = 0; ky < kernel_h; ky++) {
            const float *row = x + ky * s->x_row;
            EDGEGEN_UNROLL
            for (int kx = 0; kx < kernel_w; kx++) {
                EDGEGEN_UNROLL
                for (int k = 0; k < 4; k++) {
                    const float *in = dense ? row + (kx + k) * column : row + kx * column + k * x_step;
                    const __m512 v = masked ? _mm512_maskz_loadu_ps(some, in) : _mm512_loadu_ps(in);
                    sum[k] = _mm512_fmadd_ps(v, w[ky * kernel_w + kx], sum[k]);
                }
            }
        }
        EDGEGEN_UNROLL
        for (int k = 0; k < 4; k++) {
            const __m512 v = _mm512_min_ps(high, _mm512_max_ps(low, sum[k]));
            if (masked) {
                _mm512_mask_storeu_ps(y + k * y_step, some, v);
            } else {
                _mm512_storeu_ps(y + k * y_step, v);
            }
        }
        if (i == s->pixels - tile) {
            return;
        }
        i = i + 2 * tile <= s->pixels ? i + tile : s->pixels - tile;
    }
}

#define EDGEGEN_AVX512_DEPTHWISE_F32(kernel_h, kernel_w, dense)                                                        \
    static EDGEGEN_NOINLINE void edgegen_avx512_depthwise_f32_##kernel_h##x##kernel_w##x##dense(                       \
        const edgegen_depthwise_strip *s)                                                                              \
    {                                                                                                                  \
        if (s->pixels < 4 * s->side) {                                                                                 \
            edgegen_avx512_depthwise_some(s);                                                                          \
            return;                                                                                                    \
        }                                                                                                              \
        ptrdiff_t c = 0;                                                                                               \
        for (; c + 16 <= s->channels; c += 16) {                                                                       \
            edgegen_avx512_depthwise_vector(kernel_h, kernel_w, dense, 0, s, c);                                       \
        }                                                                                                              \
        if (c < s->channels) {                                                                                         \
            edgegen_avx512_depthwise_vector(kernel_h, kernel_w, dense, 1, s, c);                                       \
        }                                                                                                              \
    }

/* x * weights + bias -> y; weights [vector of 16 channels][kernel_h][kernel_w][16], bias of whole vectors. */
EDGEGEN_KERNEL void depthwise_conv2d_f32_avx512(const edgegen_depthwise_windows *p, const float *x,
                                                const float *weights, const float *bias, float *y)
{
    edgegen_walk_depthwise_windows(p, x, weights, bias, edgegen_avx512_depthwise_some, y);
}

#endif
