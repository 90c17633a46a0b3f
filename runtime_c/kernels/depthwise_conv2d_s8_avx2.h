/* Depthwise convolution on s8 with AVX2: rows interleaved by twos, as s16 less their zero point. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_S8_AVX2_H
#define EDGEGEN_DEPTHWISE_CONV2D_S8_AVX2_H

#include "kernels/depthwise_rows.h"
#include "kernels/tiles_avx2.h"
#include "simd/unroll.h"

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_avx2_interleave(uint8_t *set, const uint8_t *const *rows,
                                                                    uint32_t outside, ptrdiff_t step,
                                                                    int32_t columns, ptrdiff_t channels,
                                                                    int32_t x_zero)
{
    const uint8_t *const first = rows[0], *const second = rows[1];
    const __m256i zero = _mm256_set1_epi16((int16_t)x_zero);
    const __m256i inside = _mm256_set1_epi32((outside & 1 ? 0 : 0xffff) | (outside & 2 ? 0 : -0x10000));
    for (ptrdiff_t i = 0, at = 0; i < columns; i++, at += step) {
        const int whole = channels >= 8;
        const __m128i a = whole ? _mm_loadl_epi64((const __m128i *)(const void *)(first + at))
                                : edgegen_avx2_load_first(first + at, channels);
        const __m128i b = whole ? _mm_loadl_epi64((const __m128i *)(const void *)(second + at))
                                : edgegen_avx2_load_first(second + at, channels);
        const __m256i wide = _mm256_sub_epi16(_mm256_cvtepi8_epi16(_mm_unpacklo_epi8(a, b)), zero);
        const __m256i v = _mm256_and_si256(wide, inside);
        if (whole) {
            _mm256_storeu_si256((__m256i *)(void *)(set + 32 * i), v);
        } else {
            uint8_t all[32];
            _mm256_storeu_si256((__m256i *)(void *)all, v);
            memcpy(set + 32 * i, all, (size_t)(4 * channels));
        }
    }
}

/* One tap of up to 4 pixels, x_step apart, of 1 or 2 rows of y. */
EDGEGEN_INLINE void edgegen_avx2_depthwise_tap(int pixels, int rows, const uint8_t *in, ptrdiff_t x_step,
                                               const uint8_t *weights, __m256i *top, __m256i *bottom)
{
    const __m256i w0 = edgegen_avx2_load(weights);
    const __m256i w1 = rows == 2 ? edgegen_avx2_load(weights + 32) : w0;
    EDGEGEN_UNROLL
    for (int k = 0; k < pixels; k++) {
        const __m256i x = edgegen_avx2_load(in + k * x_step);
        top[k] = edgegen_avx2_dot(top[k], x, w0);
        if (rows == 2) {
            bottom[k] = edgegen_avx2_dot(bottom[k], x, w1);
        }
    }
}

EDGEGEN_INLINE void edgegen_avx2_depthwise_store(const edgegen_strip *s, int form, int pixels, uint8_t *y, __m256i *sum)
{
    const int32_t *epilogue = (const int32_t *)(const void *)s->epilogue;
    EDGEGEN_UNROLL
    for (int k = 0; k < pixels; k++) {
        sum[k] = edgegen_avx2_requantize(sum[k], epilogue, form, s->zero_point);
    }
    edgegen_avx2_store_s8(s, 1, pixels, y, edgegen_avx2_narrow(sum[0], sum[1], sum[2], sum[3]));
}

/* A vector of channels, up to 4 pixels and 2 rows of y at a time; taps is known when this is compiled, at most 12, or 0.
 * The last tile of a row steps back so that it ends with the last pixel: there are at least `pixels`. */
EDGEGEN_INLINE void edgegen_avx2_depthwise_strip(int pixels, int rows, int taps, int form, const edgegen_strip *s)
{
    const __m256i bias = edgegen_avx2_row((const int32_t *)(const void *)s->epilogue, 0);
    for (ptrdiff_t g = 0; g < s->groups; g++) {
        for (ptrdiff_t i = 0;;) {
            const uint8_t *x = s->x + g * s->x_group + i * s->x_step;
            uint8_t *y = s->y + g * s->y_group + i * s->y_step;
            __m256i top[4] = { bias, bias, bias, bias }, bottom[4] = { bias, bias, bias, bias };
#define EDGEGEN_AVX2_TAP(t)                                                                                            \
    if (taps > (t)) {                                                                                                  \
        edgegen_avx2_depthwise_tap(pixels, rows, x + s->runs[t], s->x_step, s->weights + (t) * rows * 32, top, bottom);\
    }
            EDGEGEN_AVX2_TAP(0)
            EDGEGEN_AVX2_TAP(1)
            EDGEGEN_AVX2_TAP(2)
            EDGEGEN_AVX2_TAP(3)
            EDGEGEN_AVX2_TAP(4)
            EDGEGEN_AVX2_TAP(5)
            EDGEGEN_AVX2_TAP(6)
            EDGEGEN_AVX2_TAP(7)
            EDGEGEN_AVX2_TAP(8)
            EDGEGEN_AVX2_TAP(9)
            EDGEGEN_AVX2_TAP(10)
            EDGEGEN_AVX2_TAP(11)
            if (taps == 0) {
                for (ptrdiff_t t = 0; t < s->run_count; t++) {
                    const uint8_t *weights = s->weights + t * rows * 32;
                    edgegen_avx2_depthwise_tap(pixels, rows, x + s->runs[t], s->x_step, weights, top, bottom);
                }
            }
            if (rows == 2) {
                edgegen_avx2_depthwise_store(s, form, pixels, y + s->y_row, bottom);
            }
            edgegen_avx2_depthwise_store(s, form, pixels, y, top);
            if (i == s->pixels - pixels) {
                break;
            }
            i = i + 2 * pixels <= s->pixels ? i + pixels : s->pixels - pixels;
        }
    }
}

/* The function for blocks of one vector of channels. */
#define EDGEGEN_AVX2_DEPTHWISE_S8(pixels, rows, taps)                                                                  \
    static EDGEGEN_NOINLINE void edgegen_avx2_depthwise_s8_##pixels##x##rows##x##taps(const edgegen_strip *s)          \
    {                                                                                                                  \
        const edgegen_strip own = edgegen_own_strip(s);                                                                \
        if (own.form == EDGEGEN_ONE_OFFSET) {                                                                          \
            edgegen_avx2_depthwise_strip(pixels, rows, taps, EDGEGEN_ONE_OFFSET, &own);                                \
        } else if (own.form == EDGEGEN_TWO_OFFSETS) {                                                                  \
            edgegen_avx2_depthwise_strip(pixels, rows, taps, EDGEGEN_TWO_OFFSETS, &own);                               \
        } else {                                                                                                       \
            edgegen_avx2_depthwise_strip(pixels, rows, taps, EDGEGEN_FIXED_POINT, &own);                               \
        }                                                                                                              \
    }

/* x * weights -> y; weights [block][pass][tap][row][8 channels][2 rows of x]; per vector an epilogue (see
 * simd/avx2.h), per block its form; runs: bytes from a pixel to each tap in the interleaved sets. */
EDGEGEN_KERNEL void depthwise_conv2d_s8_avx2(const edgegen_depthwise_rows *p, const int8_t *x, const int16_t *weights,
                                             const int32_t *epilogue, const int32_t *forms, const int32_t *runs,
                                             uint8_t *scratch, int8_t *y)
{
    const edgegen_filters filters = { (const uint8_t *)weights, (const uint8_t *)epilogue, runs, forms };
    edgegen_walk_depthwise(p, 8, EDGEGEN_AVX2_EPILOGUE * 4, &filters, x, edgegen_avx2_interleave, scratch, y);
}

#endif
