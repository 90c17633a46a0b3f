/* Depthwise convolution on s8 with 3x3 filters and AVX2: 2 rows of x in a vector, as s16 less their zero point. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_S8_3X3_AVX2_H
#define EDGEGEN_DEPTHWISE_CONV2D_S8_3X3_AVX2_H

#include "kernels/depthwise_columns.h"
#include "simd/avx2.h"

/* A column of 4 rows, in two vectors. */
typedef struct {
    __m256i upper, lower;
} edgegen_avx2_column;

EDGEGEN_INLINE __m128i edgegen_avx2_load_channels(int whole, const edgegen_columns *s, const uint8_t *p)
{
    return whole ? _mm_loadl_epi64((const __m128i *)(const void *)p) : edgegen_avx2_load_first(p, s->channels);
}

/* Column ix of the rows, or of padding. whole: all 8 channels exist; edge: some rows lie outside the image */
EDGEGEN_INLINE edgegen_avx2_column edgegen_avx2_load_column(int whole, int edge, const edgegen_columns *s, int32_t ix)
{
    edgegen_avx2_column c = { _mm256_setzero_si256(), _mm256_setzero_si256() };
    if ((uint32_t)ix >= (uint32_t)s->in_w) {
        return c;
    }
    const ptrdiff_t at = ix * s->pixel;
    const __m256i zero = _mm256_set1_epi16((int16_t)s->x_zero);
    const __m128i r0 = edgegen_avx2_load_channels(whole, s, s->rows[0] + at);
    const __m128i r1 = edgegen_avx2_load_channels(whole, s, s->rows[1] + at);
    const __m128i r2 = edgegen_avx2_load_channels(whole, s, s->rows[2] + at);
    const __m128i r3 = edgegen_avx2_load_channels(whole, s, s->rows[3] + at);
    c.upper = _mm256_sub_epi16(_mm256_cvtepi8_epi16(_mm_unpacklo_epi8(r0, r1)), zero);
    c.lower = _mm256_sub_epi16(_mm256_cvtepi8_epi16(_mm_unpacklo_epi8(r2, r3)), zero);
    if (edge) {
        const uint32_t out = s->outside;
        const __m256i upper = _mm256_set1_epi32((out & 1 ? 0 : 0xffff) | (out & 2 ? 0 : -0x10000));
        const __m256i lower = _mm256_set1_epi32((out & 4 ? 0 : 0xffff) | (out & 8 ? 0 : -0x10000));
        c.upper = _mm256_and_si256(c.upper, upper);
        c.lower = _mm256_and_si256(c.lower, lower);
    }
    return c;
}

EDGEGEN_INLINE __m256i edgegen_avx2_add_column(__m256i sum, edgegen_avx2_column c, const uint8_t *weights)
{
    sum = edgegen_avx2_dot(sum, c.upper, edgegen_avx2_load(weights));
    return edgegen_avx2_dot(sum, c.lower, edgegen_avx2_load(weights + 32));
}

/* 8 channels of a pixel of each row of y. */
EDGEGEN_INLINE void edgegen_avx2_columns_store(int whole, int rows, const edgegen_columns *s, __m256i sum,
                                               __m256i below, uint8_t *y)
{
    __m128i v = _mm256_castsi256_si128(edgegen_avx2_narrow(sum, below, sum, below));
    v = _mm_min_epi8(_mm_max_epi8(v, _mm_set1_epi8((char)s->low)), _mm_set1_epi8((char)s->high));
    const ptrdiff_t n = whole ? 8 : s->channels;
    if (rows == 2) {
        edgegen_avx2_store_first(y + s->y_row, _mm_srli_si128(v, 8), n);
    }
    edgegen_avx2_store_first(y, v, n);
}

EDGEGEN_INLINE void edgegen_avx2_columns_row(int stride, int whole, int edge, int form, const edgegen_columns *s)
{
    const int32_t *const epilogue = (const int32_t *)(const void *)s->epilogue;
    const int rows = stride == 1 ? 2 : 1;
    int32_t ix = s->left;
    edgegen_avx2_column left = edgegen_avx2_load_column(whole, edge, s, ix);
    edgegen_avx2_column middle = stride == 1 ? edgegen_avx2_load_column(whole, edge, s, ix + 1) : left;
    uint8_t *y = s->y;
    for (int32_t ox = 0; ox < s->out_w; ox++, ix += stride, y += s->pixel) {
        middle = stride == 1 ? middle : edgegen_avx2_load_column(whole, edge, s, ix + 1);
        const edgegen_avx2_column right = edgegen_avx2_load_column(whole, edge, s, ix + 2);
        __m256i sum = edgegen_avx2_row(epilogue, 0), below = sum;
        sum = edgegen_avx2_add_column(sum, left, s->weights);
        sum = edgegen_avx2_add_column(sum, middle, s->weights + 64);
        sum = edgegen_avx2_add_column(sum, right, s->weights + 128);
        sum = edgegen_avx2_requantize(sum, epilogue, form, s->zero_point);
        if (rows == 2) {
            below = edgegen_avx2_add_column(below, left, s->weights + 192);
            below = edgegen_avx2_add_column(below, middle, s->weights + 256);
            below = edgegen_avx2_add_column(below, right, s->weights + 320);
            below = edgegen_avx2_requantize(below, epilogue, form, s->zero_point);
        }
        edgegen_avx2_columns_store(whole, rows, s, sum, below, y);
        left = stride == 1 ? middle : right;
        middle = right;
    }
}

EDGEGEN_INLINE void edgegen_avx2_columns_form(int stride, int form, const edgegen_columns *s)
{
    if (s->channels < 8) {
        edgegen_avx2_columns_row(stride, 0, 1, form, s);
    } else if (s->outside & (stride == 1 ? 15 : 7)) {
        edgegen_avx2_columns_row(stride, 1, 1, form, s);
    } else {
        edgegen_avx2_columns_row(stride, 1, 0, form, s);
    }
}

/* The function for windows `stride` apart. */
#define EDGEGEN_AVX2_DEPTHWISE_3X3(stride)                                                                             \
    static EDGEGEN_NOINLINE void edgegen_avx2_columns_##stride(const edgegen_columns *s)                               \
    {                                                                                                                  \
        const edgegen_columns own = *s;                                                                                \
        if (own.form == EDGEGEN_ONE_OFFSET) {                                                                          \
            edgegen_avx2_columns_form(stride, EDGEGEN_ONE_OFFSET, &own);                                               \
        } else if (own.form == EDGEGEN_TWO_OFFSETS) {                                                                  \
            edgegen_avx2_columns_form(stride, EDGEGEN_TWO_OFFSETS, &own);                                              \
        } else {                                                                                                       \
            edgegen_avx2_columns_form(stride, EDGEGEN_FIXED_POINT, &own);                                              \
        }                                                                                                              \
    }

/* x * weights -> y; weights [block][row of y][column][2 pairs of rows of x][8 channels][2]; of each block an epilogue
 * (see simd/avx2.h) and its form */
EDGEGEN_KERNEL void depthwise_conv2d_s8_3x3_avx2(const edgegen_depthwise_columns *p, const int8_t *x,
                                                 const int16_t *weights, const int32_t *epilogue,
                                                 const int32_t *forms, int8_t *y)
{
    edgegen_walk_columns(p, 8, x, weights, epilogue, forms, y);
}

#endif
