/* Depthwise convolution on s8 with AVX-512 VNNI: rows interleaved by fours, as u8 = s8 + 128. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_S8_AVX512VNNI_H
#define EDGEGEN_DEPTHWISE_CONV2D_S8_AVX512VNNI_H

#include "kernels/depthwise_rows.h"
#include "kernels/tiles_avx512.h"

EDGEGEN_INLINE void edgegen_avx512_interleave_some(uint8_t *set, const uint8_t *const *rows, ptrdiff_t at,
                                                   ptrdiff_t n)
{
    /* dwords in an order that the unpacking, lane by lane, turns into the elements' own */
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i flip = _mm512_set1_epi8((char)-128);
    const __mmask64 some = edgegen_avx512_first(n);
    __m512i r[4];
    for (int i = 0; i < 4; i++) {
        const __m512i row = n >= 64 ? _mm512_loadu_si512(rows[i] + at) : _mm512_maskz_loadu_epi8(some, rows[i] + at);
        r[i] = _mm512_xor_si512(_mm512_permutexvar_epi32(order, row), flip);
    }
    const __m512i low01 = _mm512_unpacklo_epi8(r[0], r[1]), high01 = _mm512_unpackhi_epi8(r[0], r[1]);
    const __m512i low23 = _mm512_unpacklo_epi8(r[2], r[3]), high23 = _mm512_unpackhi_epi8(r[2], r[3]);
    const __m512i out[4] = {
        _mm512_unpacklo_epi16(low01, low23),
        _mm512_unpackhi_epi16(low01, low23),
        _mm512_unpacklo_epi16(high01, high23),
        _mm512_unpackhi_epi16(high01, high23),
    };
    for (int i = 0; i < 4; i++) {
        const ptrdiff_t left = n - 16 * i;
        if (left >= 16) {
            _mm512_storeu_si512(set + 4 * at + 64 * i, out[i]);
        } else if (left > 0) {
            _mm512_mask_storeu_epi32(set + 4 * at + 64 * i, (__mmask16)edgegen_avx512_first(left), out[i]);
        }
    }
}

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_avx512_interleave(uint8_t *set, const uint8_t *const *rows,
                                                                      ptrdiff_t n, int32_t x_zero)
{
    ptrdiff_t i = 0;
    for (; i + 64 <= n; i += 64) {
        edgegen_avx512_interleave_some(set, rows, i, 64);
    }
    if (i < n) {
        edgegen_avx512_interleave_some(set, rows, i, n - i);
    }
    (void)x_zero;
}

/* Where the 4 vectors of a tile lie: 1 or 2 vectors of channels, of 1 or 2 rows of y, of as many pixels as make 4. */
EDGEGEN_INLINE int edgegen_depthwise_pixels(int vectors, int rows) { return 4 / (vectors * rows); }

/* Stores pieces of v, 16 bytes each, in the order [row][pixel][vector]; count: pixels that exist. */
EDGEGEN_INLINE void edgegen_avx512_store_pieces(int vectors, int rows, const edgegen_strip *s, ptrdiff_t count,
                                                uint8_t *y, __m512i v)
{
    v = _mm512_max_epi8(v, _mm512_set1_epi8((char)s->low));
    v = _mm512_min_epi8(v, _mm512_set1_epi8((char)s->high));
    const int pixels = edgegen_depthwise_pixels(vectors, rows);
    const ptrdiff_t width = 16 * vectors;
    if (s->y_step == width && count == pixels) { /* the pixels of a row lie side by side */
        if (rows == 1) {
            _mm512_storeu_si512(y, v);
        } else {
            _mm256_storeu_si256((__m256i *)(void *)y, _mm512_castsi512_si256(v));
            _mm256_storeu_si256((__m256i *)(void *)(y + s->y_row), _mm512_extracti64x4_epi64(v, 1));
        }
        return;
    }
    for (int i = 0; i < rows * pixels; i++) {
        uint8_t *to = y + i / pixels * s->y_row + i % pixels * s->y_step;
        if (i % pixels >= count) {
            continue;
        }
        if (vectors == 2) {
            const __m256i half = i ? _mm512_extracti64x4_epi64(v, 1) : _mm512_castsi512_si256(v);
            if (s->channels >= 32) {
                _mm256_storeu_si256((__m256i *)(void *)to, half);
            } else {
                edgegen_avx512_store_first(to, _mm512_castsi256_si512(half), s->channels);
            }
        } else {
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
}

/* Up to 4 taps' weights stay in registers; taps is 0 for any other number. */
EDGEGEN_INLINE void edgegen_avx512_depthwise_strip(int vectors, int rows, int taps, int form, const edgegen_strip *s)
{
    const int pixels = edgegen_depthwise_pixels(vectors, rows);
    const ptrdiff_t count = pixels == 1 || pixels < s->pixels ? pixels : s->pixels;
    const int32_t *epilogue = (const int32_t *)(const void *)s->epilogue;
    const edgegen_avx512_epilogue e0 = edgegen_avx512_load_epilogue(epilogue);
    const edgegen_avx512_epilogue e1 =
        vectors == 2 ? edgegen_avx512_load_epilogue(epilogue + EDGEGEN_EPILOGUE) : e0;
    const int per_tap = rows * vectors;
    __m512i w[16];
    for (int i = 0; i < taps * per_tap; i++) {
        w[i] = edgegen_avx512_load(s->weights + i * 64);
    }
    ptrdiff_t runs[4];
    for (int t = 0; t < taps; t++) {
        runs[t] = s->runs[t];
    }
    /* of piece k: where its inputs start, its weights and its epilogue */
    ptrdiff_t at[4];
    for (int k = 0; k < 4; k++) {
        const ptrdiff_t pixel = k / vectors % pixels, last = count - 1;
        at[k] = (pixel == 0 ? 0 : pixel < last ? pixel : last) * s->x_step + 64 * (k % vectors);
    }
    for (ptrdiff_t g = 0; g < s->groups; g++) {
        const uint8_t *x_row = s->x + g * s->x_group;
        uint8_t *y_row = s->y + g * s->y_group;
        for (ptrdiff_t i = 0;;) {
            const uint8_t *x = x_row + i * s->x_step;
            __m512i a = e0.bias, b = e1.bias, c = e0.bias, d = e1.bias;
            for (ptrdiff_t t = 0; t < (taps ? taps : s->run_count); t++) {
                const uint8_t *in = x + (taps ? runs[t] : s->runs[t]);
                const uint8_t *weights = s->weights + t * per_tap * 64;
                const __m512i w0 = taps ? w[t * per_tap] : _mm512_loadu_si512(weights);
                const int next = vectors == 2 ? 1 : 0, below = (rows - 1) * vectors;
                const __m512i w1 = next ? (taps ? w[t * per_tap + next] : _mm512_loadu_si512(weights + 64)) : w0;
                const __m512i w2 =
                    below ? (taps ? w[t * per_tap + below] : _mm512_loadu_si512(weights + below * 64)) : w0;
                const __m512i w3 = next && below ? (taps ? w[t * per_tap + 3] : _mm512_loadu_si512(weights + 192))
                                   : next        ? w1
                                                 : w2;
                const __m512i x0 = _mm512_loadu_si512(in + at[0]), x1 = _mm512_loadu_si512(in + at[1]);
                const __m512i x2 = rows == 2 ? x0 : _mm512_loadu_si512(in + at[2]);
                const __m512i x3 = rows == 2 ? x1 : _mm512_loadu_si512(in + at[3]);
                a = edgegen_avx512_dot(a, x0, w0);
                b = edgegen_avx512_dot(b, x1, vectors == 2 ? w1 : w0);
                c = edgegen_avx512_dot(c, x2, w2);
                d = edgegen_avx512_dot(d, x3, vectors == 2 ? w3 : w2);
            }
            a = edgegen_avx512_requantize(a, e0, form, s->zero_point);
            b = edgegen_avx512_requantize(b, e1, form, s->zero_point);
            c = edgegen_avx512_requantize(c, e0, form, s->zero_point);
            d = edgegen_avx512_requantize(d, e1, form, s->zero_point);
            edgegen_avx512_store_pieces(vectors, rows, s, count, y_row + i * s->y_step,
                                        edgegen_avx512_narrow(a, b, c, d));
            if (i == s->pixels - count) {
                break;
            }
            i = i + 2 * count <= s->pixels ? i + count : s->pixels - count;
        }
    }
}

/* The function for blocks of `vectors` vectors of channels, `rows` rows of y at a time. The last tile of a row steps
 * back so that it ends with the last pixel. */
#define EDGEGEN_AVX512_DEPTHWISE_S8(vectors, rows, taps)                                                               \
    static EDGEGEN_NOINLINE void edgegen_avx512_depthwise_s8_##vectors##x##rows##x##taps(const edgegen_strip *s)       \
    {                                                                                                                  \
        const edgegen_strip own = edgegen_own_strip(s);                                                                \
        if (own.form == EDGEGEN_ONE_OFFSET) {                                                                          \
            edgegen_avx512_depthwise_strip(vectors, rows, taps, EDGEGEN_ONE_OFFSET, &own);                             \
        } else if (own.form == EDGEGEN_TWO_OFFSETS) {                                                                  \
            edgegen_avx512_depthwise_strip(vectors, rows, taps, EDGEGEN_TWO_OFFSETS, &own);                            \
        } else {                                                                                                       \
            edgegen_avx512_depthwise_strip(vectors, rows, taps, EDGEGEN_FIXED_POINT, &own);                            \
        }                                                                                                              \
    }

/* x * weights -> y; weights [pass][block][tap][row][vector][16 channels][4 rows]; per vector an epilogue (see
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
