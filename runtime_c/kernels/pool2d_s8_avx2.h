/* Pooling on s8 with AVX2: 16 channels at a time, of at least 16. */
#ifndef EDGEGEN_POOL2D_S8_AVX2_H
#define EDGEGEN_POOL2D_S8_AVX2_H

#include "kernels/pool2d.h"
#include "simd/avx2.h"

enum { EDGEGEN_POOL_RUN = 255 }; /* so many s8 add up in s16 */

/* 8 sums divided by count, rounded half away from zero. In f32 this is exact: |sum| + count / 2 is below 2^24 and no
 * quotient that is not whole comes near a whole number. */
EDGEGEN_INLINE __m256i edgegen_avx2_average(__m256i sum, int32_t count)
{
    const __m256i half = _mm256_sign_epi32(_mm256_set1_epi32(count / 2), sum);
    const __m256 dividend = _mm256_cvtepi32_ps(_mm256_add_epi32(sum, half));
    return _mm256_cvttps_epi32(_mm256_div_ps(dividend, _mm256_set1_ps((float)count)));
}

/* 8 results round((sum - count * x_zero) * factor) + zero_point as f32, ties to even; limited to what s16 holds, which s8
 * has to limit anyway. */
EDGEGEN_INLINE __m256i edgegen_avx2_scaled_average(const edgegen_pool2d_s8 *p, __m256i sum, int32_t count)
{
    const __m256 limit = _mm256_set1_ps(16384.0f);
    const float factor = edgegen_average_factor(p->factor, p->kernel_h * p->kernel_w, count);
    const __m256 sums = _mm256_cvtepi32_ps(_mm256_sub_epi32(sum, _mm256_set1_epi32(count * p->x_zero)));
    __m256 steps = _mm256_mul_ps(sums, _mm256_set1_ps(factor));
    steps = _mm256_min_ps(_mm256_max_ps(steps, _mm256_sub_ps(_mm256_setzero_ps(), limit)), limit);
    return _mm256_add_epi32(_mm256_cvtps_epi32(steps), _mm256_set1_epi32(p->zero_point));
}

/* The average of 16 channels over a part of the image that starts at x. */
EDGEGEN_INLINE __m128i edgegen_avx2_average16(const edgegen_pool2d_s8 *p, int32_t scaled, const int8_t *x,
                                              int32_t rows, int32_t columns)
{
    __m256i sum16 = _mm256_setzero_si256(), low = sum16, high = sum16;
    int32_t pending = 0;
    for (int32_t iy = 0; iy < rows; iy++) {
        const int8_t *in = x + iy * p->in_stride[1];
        for (int32_t ix = 0; ix < columns;) {
            const int32_t end = edgegen_min_s32(columns, ix + EDGEGEN_POOL_RUN - pending);
            pending += end - ix;
            for (; ix < end; ix++) {
                const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(in + ix * p->in_stride[2]));
                sum16 = _mm256_add_epi16(sum16, _mm256_cvtepi8_epi16(v));
            }
            if (pending == EDGEGEN_POOL_RUN) {
                low = _mm256_add_epi32(low, _mm256_cvtepi16_epi32(_mm256_castsi256_si128(sum16)));
                high = _mm256_add_epi32(high, _mm256_cvtepi16_epi32(_mm256_extracti128_si256(sum16, 1)));
                sum16 = _mm256_setzero_si256();
                pending = 0;
            }
        }
    }
    low = _mm256_add_epi32(low, _mm256_cvtepi16_epi32(_mm256_castsi256_si128(sum16)));
    high = _mm256_add_epi32(high, _mm256_cvtepi16_epi32(_mm256_extracti128_si256(sum16, 1)));
    const int32_t count = rows * columns;
    low = scaled != 0 ? edgegen_avx2_scaled_average(p, low, count) : edgegen_avx2_average(low, count);
    high = scaled != 0 ? edgegen_avx2_scaled_average(p, high, count) : edgegen_avx2_average(high, count);
    return _mm256_castsi256_si128(edgegen_avx2_narrow(low, high, low, high));
}

EDGEGEN_INLINE __m128i edgegen_avx2_max16(const edgegen_pool2d_s8 *p, const int8_t *x, int32_t rows, int32_t columns)
{
    __m128i most = _mm_set1_epi8((char)-128);
    for (int32_t iy = 0; iy < rows; iy++) {
        const int8_t *in = x + iy * p->in_stride[1];
        for (int32_t ix = 0; ix < columns; ix++) {
            most = _mm_max_epi8(most, _mm_loadu_si128((const __m128i *)(const void *)(in + ix * p->in_stride[2])));
        }
    }
    return most;
}

/* x[n,h,w,c] -> y. The last 16 channels step back so that they end with the last one. */
#define EDGEGEN_AVX2_POOL_S8(name, window)                                                                             \
    EDGEGEN_KERNEL void name(const edgegen_pool2d_s8 *p, const int8_t *x, int8_t *y)                                   \
    {                                                                                                                  \
        const __m128i low = _mm_set1_epi8((char)p->low), high = _mm_set1_epi8((char)p->high);                          \
        for (int32_t n = 0; n < p->batch; n++)                                                                         \
        for (int32_t oy = 0; oy < p->out_h; oy++)                                                                      \
        for (int32_t ox = 0; ox < p->out_w; ox++) {                                                                    \
            const edgegen_span rows = edgegen_window(oy, p->stride_h, p->pad_top, p->kernel_h, p->in_h);               \
            const edgegen_span columns = edgegen_window(ox, p->stride_w, p->pad_left, p->kernel_w, p->in_w);           \
            const int8_t *in =                                                                                         \
                x + n * p->in_stride[0] + rows.first * p->in_stride[1] + columns.first * p->in_stride[2];              \
            int8_t *out = y + n * p->out_stride[0] + oy * p->out_stride[1] + ox * p->out_stride[2];                    \
            for (int32_t i = 0; i < p->channels; i += 16) {                                                            \
                const int32_t c = edgegen_min_s32(i, p->channels - 16);                                                \
                __m128i v = window(in + c, rows.end - rows.first, columns.end - columns.first);                        \
                v = _mm_min_epi8(_mm_max_epi8(v, low), high);                                                          \
                _mm_storeu_si128((__m128i *)(void *)(out + c), v);                                                     \
            }                                                                                                          \
        }                                                                                                              \
    }

#define EDGEGEN_AVX2_AVERAGE(in, rows, columns) edgegen_avx2_average16(p, 0, in, rows, columns)
#define EDGEGEN_AVX2_SCALED_AVERAGE(in, rows, columns) edgegen_avx2_average16(p, 1, in, rows, columns)
#define EDGEGEN_AVX2_MOST(in, rows, columns) edgegen_avx2_max16(p, in, rows, columns)

EDGEGEN_AVX2_POOL_S8(average_pool2d_s8_avx2, EDGEGEN_AVX2_AVERAGE)
EDGEGEN_AVX2_POOL_S8(average_pool2d_s8_scaled_avx2, EDGEGEN_AVX2_SCALED_AVERAGE)
EDGEGEN_AVX2_POOL_S8(max_pool2d_s8_avx2, EDGEGEN_AVX2_MOST)

#endif
