/* Depthwise convolution on s8 with AVX2: rows interleaved by twos, as s16 less their zero point. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_S8_AVX2_H
#define EDGEGEN_DEPTHWISE_CONV2D_S8_AVX2_H

#include "kernels/depthwise_rows.h"
#include "kernels/tiles_avx2.h"

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_avx2_interleave(uint8_t *set, const uint8_t *const *rows,
                                                                    ptrdiff_t n, int32_t x_zero)
{
    const __m256i zero = _mm256_set1_epi16((int16_t)x_zero);
    for (ptrdiff_t i = 0; i < n; i += 16) {
        const ptrdiff_t left = n - i;
        const __m128i r0 = left >= 16 ? _mm_loadu_si128((const __m128i *)(const void *)(rows[0] + i))
                                      : edgegen_avx2_load_first(rows[0] + i, left);
        const __m128i r1 = left >= 16 ? _mm_loadu_si128((const __m128i *)(const void *)(rows[1] + i))
                                      : edgegen_avx2_load_first(rows[1] + i, left);
        const __m256i first = _mm256_sub_epi16(_mm256_cvtepi8_epi16(_mm_unpacklo_epi8(r0, r1)), zero);
        const __m256i second = _mm256_sub_epi16(_mm256_cvtepi8_epi16(_mm_unpackhi_epi8(r0, r1)), zero);
        if (left >= 16) {
            _mm256_storeu_si256((__m256i *)(void *)(set + 4 * i), first);
            _mm256_storeu_si256((__m256i *)(void *)(set + 4 * i + 32), second);
        } else {
            uint8_t all[64];
            _mm256_storeu_si256((__m256i *)(void *)all, first);
            _mm256_storeu_si256((__m256i *)(void *)(all + 32), second);
            memcpy(set + 4 * i, all, (size_t)(4 * left));
        }
    }
}

/* A vector of channels, 1 or 2 rows of y, 4 pixels at a time; taps is known when this is compiled, or 0. */
EDGEGEN_INLINE void edgegen_avx2_depthwise_strip(int rows, int taps, int form, const edgegen_strip *s)
{
    const ptrdiff_t count = s->pixels < 4 ? s->pixels : 4, last = count - 1;
    const ptrdiff_t at1 = (1 < last ? 1 : last) * s->x_step, at2 = (2 < last ? 2 : last) * s->x_step;
    const ptrdiff_t at3 = last * s->x_step;
    const int32_t *epilogue = (const int32_t *)(const void *)s->epilogue;
    const __m256i bias = edgegen_avx2_row(epilogue, 0);
    for (ptrdiff_t g = 0; g < s->groups; g++) {
        for (ptrdiff_t i = 0;;) {
            const uint8_t *x = s->x + g * s->x_group + i * s->x_step;
            uint8_t *y = s->y + g * s->y_group + i * s->y_step;
            __m256i a0 = bias, a1 = bias, a2 = bias, a3 = bias, b0 = bias, b1 = bias, b2 = bias, b3 = bias;
            for (ptrdiff_t t = 0; t < (taps ? taps : s->run_count); t++) {
                const uint8_t *in = x + s->runs[t];
                const uint8_t *weights = s->weights + t * rows * 32;
                const __m256i w0 = edgegen_avx2_load(weights);
                const __m256i w1 = rows == 2 ? edgegen_avx2_load(weights + 32) : w0;
                const __m256i x0 = edgegen_avx2_load(in), x1 = edgegen_avx2_load(in + at1);
                const __m256i x2 = edgegen_avx2_load(in + at2), x3 = edgegen_avx2_load(in + at3);
                a0 = edgegen_avx2_dot(a0, x0, w0);
                a1 = edgegen_avx2_dot(a1, x1, w0);
                a2 = edgegen_avx2_dot(a2, x2, w0);
                a3 = edgegen_avx2_dot(a3, x3, w0);
                if (rows == 2) {
                    b0 = edgegen_avx2_dot(b0, x0, w1);
                    b1 = edgegen_avx2_dot(b1, x1, w1);
                    b2 = edgegen_avx2_dot(b2, x2, w1);
                    b3 = edgegen_avx2_dot(b3, x3, w1);
                }
            }
            a0 = edgegen_avx2_requantize(a0, epilogue, form, s->zero_point);
            a1 = edgegen_avx2_requantize(a1, epilogue, form, s->zero_point);
            a2 = edgegen_avx2_requantize(a2, epilogue, form, s->zero_point);
            a3 = edgegen_avx2_requantize(a3, epilogue, form, s->zero_point);
            edgegen_avx2_store_s8(s, 1, (int)count, y, edgegen_avx2_narrow(a0, a1, a2, a3));
            if (rows == 2) {
                b0 = edgegen_avx2_requantize(b0, epilogue, form, s->zero_point);
                b1 = edgegen_avx2_requantize(b1, epilogue, form, s->zero_point);
                b2 = edgegen_avx2_requantize(b2, epilogue, form, s->zero_point);
                b3 = edgegen_avx2_requantize(b3, epilogue, form, s->zero_point);
                edgegen_avx2_store_s8(s, 1, (int)count, y + s->y_row, edgegen_avx2_narrow(b0, b1, b2, b3));
            }
            if (i == s->pixels - count) {
                break;
            }
            i = i + 2 * count <= s->pixels ? i + count : s->pixels - count;
        }
    }
}

/* The function for blocks of one vector of channels, `rows` rows of y at a time. The last tile of a row steps back so
 * that it ends with the last pixel. */
#define EDGEGEN_AVX2_DEPTHWISE_S8(vectors, rows, taps)                                                                 \
    static EDGEGEN_NOINLINE void edgegen_avx2_depthwise_s8_##vectors##x##rows##x##taps(const edgegen_strip *s)         \
    {                                                                                                                  \
        const edgegen_strip own = edgegen_own_strip(s);                                                                \
        if (own.form == EDGEGEN_ONE_OFFSET) {                                                                          \
            edgegen_avx2_depthwise_strip(rows, taps, EDGEGEN_ONE_OFFSET, &own);                                        \
        } else if (own.form == EDGEGEN_TWO_OFFSETS) {                                                                  \
            edgegen_avx2_depthwise_strip(rows, taps, EDGEGEN_TWO_OFFSETS, &own);                                       \
        } else {                                                                                                       \
            edgegen_avx2_depthwise_strip(rows, taps, EDGEGEN_FIXED_POINT, &own);                                       \
        }                                                                                                              \
    }

/* x * weights -> y; weights [pass][block][tap][row][8 channels][2 rows of x]; per vector an epilogue (see
 * simd/avx2.h), per block its form; runs: bytes from a pixel to each tap in the interleaved sets. */
EDGEGEN_KERNEL void depthwise_conv2d_s8_avx2(const edgegen_depthwise_rows *p, const int8_t *x, const int16_t *weights,
                                             const int32_t *epilogue, const int32_t *forms, const int32_t *runs,
                                             uint8_t *scratch, int8_t *y)
{
    const edgegen_filters filters = { (const uint8_t *)weights, (const uint8_t *)epilogue, runs, forms };
    edgegen_walk_depthwise(p, 8, EDGEGEN_AVX2_EPILOGUE * 4, &filters, x, edgegen_avx2_interleave, scratch, y);
}

#endif
