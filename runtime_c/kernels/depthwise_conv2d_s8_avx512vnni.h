/* Depthwise convolution on s8 with AVX-512 VNNI: rows interleaved by fours, as u8 = s8 + 128. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_S8_AVX512VNNI_H
#define EDGEGEN_DEPTHWISE_CONV2D_S8_AVX512VNNI_H

#include "kernels/depthwise_rows.h"
#include "kernels/tiles_avx512.h"

/* 64 elements that lie side by side in each row; outside, padding: as below */
EDGEGEN_INLINE void edgegen_avx512_interleave_64(uint8_t *set, const uint8_t *const *rows, ptrdiff_t at,
                                                 uint32_t outside, __m512i padding)
{
    /* dwords in an order that the unpacking, lane by lane, turns into the elements' own */
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i flip = _mm512_set1_epi8((char)-128);
    __m512i r[4];
    for (int i = 0; i < 4; i++) {
        const __mmask64 inside = (outside >> i & 1u) - UINT64_C(1);
        const __m512i row = _mm512_mask_loadu_epi8(padding, inside, rows[i] + at);
        r[i] = _mm512_xor_si512(_mm512_permutexvar_epi32(order, row), flip);
    }
    const __m512i low01 = _mm512_unpacklo_epi8(r[0], r[1]), high01 = _mm512_unpackhi_epi8(r[0], r[1]);
    const __m512i low23 = _mm512_unpacklo_epi8(r[2], r[3]), high23 = _mm512_unpackhi_epi8(r[2], r[3]);
    _mm512_storeu_si512(set, _mm512_unpacklo_epi16(low01, low23));
    _mm512_storeu_si512(set + 64, _mm512_unpackhi_epi16(low01, low23));
    _mm512_storeu_si512(set + 128, _mm512_unpacklo_epi16(high01, high23));
    _mm512_storeu_si512(set + 192, _mm512_unpackhi_epi16(high01, high23));
}

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_avx512_interleave(uint8_t *set, const uint8_t *const *rows,
                                                                      uint32_t outside, ptrdiff_t step,
                                                                      int32_t columns, ptrdiff_t channels,
                                                                      int32_t x_zero)
{
    /* byte 4 * c + r of the result is byte 16 * r + c of the rows side by side */
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i order = _mm512_add_epi32(_mm512_mullo_epi32(lane, _mm512_set1_epi32(0x01010101)),
                                           _mm512_set1_epi32(0x30201000));
    const __m512i flip = _mm512_set1_epi8((char)-128), padding = _mm512_set1_epi8((char)x_zero);
    const __mmask64 padded = outside * UINT64_C(0x1111111111111111);
    const __mmask16 some = (__mmask16)edgegen_avx512_first(channels);
    const uint8_t *const a = rows[0], *const b = rows[1], *const c = rows[2], *const d = rows[3];
    int32_t i = 0; /* which says that the loops end: gcc's warnings take the products for endless */
    for (; step == 16 && channels == 16 && i + 4 <= columns; i += 4) {
        edgegen_avx512_interleave_64(set + (ptrdiff_t)64 * i, rows, (ptrdiff_t)16 * i, outside, padding);
    }
    for (; i < columns; i++) {
        const ptrdiff_t at = i * step;
        __m512i v = _mm512_castsi128_si512(_mm_maskz_loadu_epi8(some, a + at));
        v = _mm512_inserti32x4(v, _mm_maskz_loadu_epi8(some, b + at), 1);
        v = _mm512_inserti32x4(v, _mm_maskz_loadu_epi8(some, c + at), 2);
        v = _mm512_inserti32x4(v, _mm_maskz_loadu_epi8(some, d + at), 3);
        v = _mm512_mask_blend_epi8(padded, _mm512_permutexvar_epi8(order, v), padding);
        _mm512_mask_storeu_epi32(set + (ptrdiff_t)64 * i, some, _mm512_xor_si512(v, flip));
    }
}

/* Stores pieces of v, 16 bytes each, in the order [row][pixel] of 1 or 2 rows of y; count: pixels that exist. */
EDGEGEN_INLINE void edgegen_avx512_store_pieces(int rows, const edgegen_strip *s, ptrdiff_t count, uint8_t *y,
                                                __m512i v)
{
    v = _mm512_max_epi8(v, _mm512_set1_epi8((char)s->low));
    v = _mm512_min_epi8(v, _mm512_set1_epi8((char)s->high));
    const int pixels = 4 / rows;
    if (s->y_step == 16 && count == pixels) { /* the pixels of a row lie side by side */
        if (rows == 1) {
            _mm512_storeu_si512(y, v);
        } else {
            _mm256_storeu_si256((__m256i *)(void *)(y + s->y_row), _mm512_extracti64x4_epi64(v, 1));
            _mm256_storeu_si256((__m256i *)(void *)y, _mm512_castsi512_si256(v));
        }
        return;
    }
    for (int i = 3; i >= 0; i--) {
        uint8_t *to = y + i / pixels * s->y_row + i % pixels * s->y_step;
        if (i % pixels >= count) {
            continue;
        }
        const __m128i quarter = i == 0   ? _mm512_castsi512_si128(v)
                                : i == 1 ? _mm512_extracti32x4_epi32(v, 1)
                                : i == 2 ? _mm512_extracti32x4_epi32(v, 2)
                                         : _mm512_extracti32x4_epi32(v, 3);
        if (s->channels >= 16) {
            _mm_storeu_si128((__m128i *)(void *)to, quarter);
        } else {
            edgegen_avx512_store_first(to, _mm512_castsi128_si512(quarter), s->channels);
        }
    }
}

/* A vector of channels of 4 pixels in one row of y, or of 2 in each of two. Up to 4 taps' weights stay in registers;
 * taps is 0 for any other number. */
EDGEGEN_INLINE void edgegen_avx512_depthwise_strip(int rows, int taps, int form, const edgegen_strip *s)
{
    const int pixels = 4 / rows;
    const ptrdiff_t count = pixels < s->pixels ? pixels : s->pixels;
    const edgegen_avx512_epilogue e = edgegen_avx512_load_epilogue((const int32_t *)(const void *)s->epilogue);
    __m512i w[8];
    for (int i = 0; i < taps * rows; i++) {
        w[i] = edgegen_avx512_load(s->weights + i * 64);
    }
    ptrdiff_t runs[4];
    for (int t = 0; t < taps; t++) {
        runs[t] = s->runs[t];
    }
    ptrdiff_t at[4]; /* where the inputs of each pixel start; those that do not exist repeat the last */
    for (int k = 0; k < 4; k++) {
        const ptrdiff_t pixel = k % pixels, last = count - 1;
        at[k] = (pixel == 0 ? 0 : pixel < last ? pixel : last) * s->x_step;
    }
    for (ptrdiff_t g = 0; g < s->groups; g++) {
        const uint8_t *x_row = s->x + g * s->x_group;
        uint8_t *y_row = s->y + g * s->y_group;
        for (ptrdiff_t i = 0;;) {
            const uint8_t *x = x_row + i * s->x_step;
            __m512i sum0 = e.bias, sum1 = e.bias, sum2 = e.bias, sum3 = e.bias;
            for (ptrdiff_t t = 0; t < (taps ? taps : s->run_count); t++) {
                const uint8_t *in = x + (taps ? runs[t] : s->runs[t]);
                const uint8_t *weights = s->weights + t * rows * 64;
                const __m512i w0 = taps ? w[t * rows] : _mm512_loadu_si512(weights);
                const __m512i below =
                    rows == 1 ? w0 : taps ? w[t * rows + rows - 1] : _mm512_loadu_si512(weights + 64 * (rows - 1));
                const __m512i x0 = _mm512_loadu_si512(in + at[0]), x1 = _mm512_loadu_si512(in + at[1]);
                sum0 = edgegen_avx512_dot(sum0, x0, w0);
                sum1 = edgegen_avx512_dot(sum1, x1, w0);
                sum2 = edgegen_avx512_dot(sum2, rows == 2 ? x0 : _mm512_loadu_si512(in + at[2]), below);
                sum3 = edgegen_avx512_dot(sum3, rows == 2 ? x1 : _mm512_loadu_si512(in + at[3]), below);
            }
            sum0 = edgegen_avx512_requantize(sum0, e, form, s->zero_point);
            sum1 = edgegen_avx512_requantize(sum1, e, form, s->zero_point);
            sum2 = edgegen_avx512_requantize(sum2, e, form, s->zero_point);
            sum3 = edgegen_avx512_requantize(sum3, e, form, s->zero_point);
            edgegen_avx512_store_pieces(rows, s, count, y_row + i * s->y_step,
                                        edgegen_avx512_narrow(sum0, sum1, sum2, sum3));
            if (i == s->pixels - count) {
                break;
            }
            i = i + 2 * count <= s->pixels ? i + count : s->pixels - count;
        }
    }
}

/* The function for `rows` rows of y at a time. The last tile of a row steps back so that it ends with the last pixel. */
#define EDGEGEN_AVX512_DEPTHWISE_S8(rows, taps)                                                                        \
    static EDGEGEN_NOINLINE void edgegen_avx512_depthwise_s8_##rows##x##taps(const edgegen_strip *s)                   \
    {                                                                                                                  \
        const edgegen_strip own = edgegen_own_strip(s);                                                                \
        if (own.form == EDGEGEN_ONE_OFFSET) {                                                                          \
            edgegen_avx512_depthwise_strip(rows, taps, EDGEGEN_ONE_OFFSET, &own);                                      \
        } else if (own.form == EDGEGEN_TWO_OFFSETS) {                                                                  \
            edgegen_avx512_depthwise_strip(rows, taps, EDGEGEN_TWO_OFFSETS, &own);                                     \
        } else {                                                                                                       \
            edgegen_avx512_depthwise_strip(rows, taps, EDGEGEN_FIXED_POINT, &own);                                     \
        }                                                                                                              \
    }

/* x * weights -> y; weights [block][pass][tap][row][16 channels][4 rows of x]; per vector an epilogue (see
 * simd/avx512.h), per block its form; runs: bytes from a pixel to each tap in the interleaved sets. */
EDGEGEN_KERNEL void depthwise_conv2d_s8_avx512vnni(const edgegen_depthwise_rows *p, const int8_t *x,
                                                   const int8_t *weights, const int32_t *epilogue,
                                                   const int32_t *forms, const int32_t *runs, uint8_t *scratch,
                                                   int8_t *y)
{
    const edgegen_filters filters = { (const uint8_t *)weights, (const uint8_t *)epilogue, runs, forms };
    edgegen_walk_depthwise(p, 16, EDGEGEN_EPILOGUE * 4, &filters, x, edgegen_avx512_interleave, scratch, y);
}

#endif
