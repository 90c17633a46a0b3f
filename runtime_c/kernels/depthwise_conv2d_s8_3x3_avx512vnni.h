/* Depthwise convolution on s8 with 3x3 filters and AVX-512 VNNI: 4 rows of x in a vector, as u8 = s8 + 128. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_S8_3X3_AVX512VNNI_H
#define EDGEGEN_DEPTHWISE_CONV2D_S8_3X3_AVX512VNNI_H

#include "kernels/depthwise_columns.h"
#include "simd/avx512.h"

/* What makes a column of bytes [row][channel] of 4 rows one of [channel][row].
 * padding: of a column; flip: s8 to u8 in rows `inside` the image, padding in the others */
typedef struct {
    __m512i order, padding, flip;
    __mmask64 inside;
    __mmask16 some;
} edgegen_avx512_columns;

/* Column ix of the rows, or of padding. whole: all 16 channels exist */
EDGEGEN_INLINE __m512i edgegen_avx512_column(int whole, const edgegen_columns *s, const edgegen_avx512_columns *c,
                                             int32_t ix)
{
    if ((uint32_t)ix >= (uint32_t)s->in_w) {
        return c->padding;
    }
    const ptrdiff_t at = ix * s->pixel;
    __m128i r[4];
    for (int i = 0; i < 4; i++) {
        const uint8_t *const p = s->rows[i] + at;
        r[i] = whole ? _mm_loadu_si128((const __m128i *)(const void *)p) : _mm_maskz_loadu_epi8(c->some, p);
    }
    __m512i v = _mm512_inserti32x4(_mm512_castsi128_si512(r[0]), r[1], 1);
    v = _mm512_inserti32x4(_mm512_inserti32x4(v, r[2], 2), r[3], 3);
    return _mm512_xor_si512(_mm512_maskz_permutexvar_epi8(c->inside, c->order, v), c->flip);
}

/* 16 channels of one pixel of a row of y. */
EDGEGEN_INLINE void edgegen_avx512_columns_store(int whole, int form, const edgegen_columns *s,
                                                 const edgegen_avx512_columns *c, edgegen_avx512_epilogue e,
                                                 __m512i sum, uint8_t *y)
{
    __m128i v = _mm512_cvtsepi32_epi8(edgegen_avx512_requantize(sum, e, form, s->zero_point));
    v = _mm_min_epi8(_mm_max_epi8(v, _mm_set1_epi8((char)s->low)), _mm_set1_epi8((char)s->high));
    if (whole) {
        _mm_storeu_si128((__m128i *)(void *)y, v);
    } else {
        _mm_mask_storeu_epi8(y, c->some, v);
    }
}

EDGEGEN_INLINE void edgegen_avx512_columns_row(int stride, int whole, int form, const edgegen_columns *s)
{
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const edgegen_avx512_columns c = {
        .order = _mm512_add_epi32(_mm512_mullo_epi32(lane, _mm512_set1_epi32(0x01010101)),
                                  _mm512_set1_epi32(0x30201000)),
        .padding = _mm512_set1_epi8((char)(s->x_zero + 128)),
        .flip = _mm512_mask_mov_epi8(_mm512_set1_epi8((char)-128), s->outside * UINT64_C(0x1111111111111111),
                                     _mm512_set1_epi8((char)(s->x_zero + 128))),
        .inside = ~(s->outside * UINT64_C(0x1111111111111111)),
        .some = (__mmask16)edgegen_avx512_first(s->channels),
    };
    const edgegen_avx512_epilogue e = edgegen_avx512_load_epilogue((const int32_t *)(const void *)s->epilogue);
    __m512i w[6];
    for (int i = 0; i < (stride == 1 ? 6 : 3); i++) {
        w[i] = edgegen_avx512_load(s->weights + 64 * i);
    }
    int32_t ix = s->left;
    __m512i left = edgegen_avx512_column(whole, s, &c, ix);
    __m512i middle = stride == 1 ? edgegen_avx512_column(whole, s, &c, ix + 1) : left;
    uint8_t *y = s->y;
    for (int32_t ox = 0; ox < s->out_w; ox++, ix += stride, y += s->pixel) {
        middle = stride == 1 ? middle : edgegen_avx512_column(whole, s, &c, ix + 1);
        const __m512i right = edgegen_avx512_column(whole, s, &c, ix + 2);
        __m512i sum = edgegen_avx512_dot(edgegen_avx512_dot(e.bias, left, w[0]), middle, w[1]);
        sum = edgegen_avx512_dot(sum, right, w[2]);
        if (stride == 1) {
            __m512i below = edgegen_avx512_dot(edgegen_avx512_dot(e.bias, left, w[3]), middle, w[4]);
            below = edgegen_avx512_dot(below, right, w[5]);
            edgegen_avx512_columns_store(whole, form, s, &c, e, below, y + s->y_row);
        }
        edgegen_avx512_columns_store(whole, form, s, &c, e, sum, y);
        left = stride == 1 ? middle : right;
        middle = right;
    }
}

EDGEGEN_INLINE void edgegen_avx512_columns_form(int stride, int form, const edgegen_columns *s)
{
    if (s->channels >= 16) {
        edgegen_avx512_columns_row(stride, 1, form, s);
    } else {
        edgegen_avx512_columns_row(stride, 0, form, s);
    }
}

/* The function for windows `stride` apart. */
#define EDGEGEN_AVX512_DEPTHWISE_3X3(stride)                                                                           \
    static EDGEGEN_NOINLINE void edgegen_avx512_columns_##stride(const edgegen_columns *s)                             \
    {                                                                                                                  \
        const edgegen_columns own = *s;                                                                                \
        if (own.form == EDGEGEN_ONE_OFFSET) {                                                                          \
            edgegen_avx512_columns_form(stride, EDGEGEN_ONE_OFFSET, &own);                                             \
        } else if (own.form == EDGEGEN_TWO_OFFSETS) {                                                                  \
            edgegen_avx512_columns_form(stride, EDGEGEN_TWO_OFFSETS, &own);                                            \
        } else {                                                                                                       \
            edgegen_avx512_columns_form(stride, EDGEGEN_FIXED_POINT, &own);                                            \
        }                                                                                                              \
    }

/* x * weights -> y; weights [block][row of y][column][16 channels][4 rows of x]; of each block an epilogue (see
 * simd/avx512.h) and its form */
EDGEGEN_KERNEL void depthwise_conv2d_s8_3x3_avx512vnni(const edgegen_depthwise_columns *p, const int8_t *x,
                                                       const int8_t *weights, const int32_t *epilogue,
                                                       const int32_t *forms, int8_t *y)
{
    edgegen_walk_columns(p, 16, x, weights, epilogue, forms, y);
}

#endif
