/* Register tiles for AVX-512: up to 4 vectors of 16 channels by up to 16 pixels, s8 (VNNI) and f32.
 *
 * Every step spreads 4 bytes of each pixel's window (4 u8 or one f32) over a vector and multiplies it with the step's
 * vectors of weights, which lie in the order they are read: [block][run][step][vector][16 channels][4 bytes]. */
#ifndef EDGEGEN_TILES_AVX512_H
#define EDGEGEN_TILES_AVX512_H

#include "kernels/windows.h"
#include "simd/avx512.h"

#define EDGEGEN_TILE_PIXELS(DO)                                                                                        \
    DO(0, x0, 0) DO(1, x0, 1) DO(2, x0, 2) DO(3, x3, 0) DO(4, x3, 1) DO(5, x3, 2) DO(6, x6, 0) DO(7, x6, 1)            \
    DO(8, x6, 2) DO(9, x9, 0) DO(10, x9, 1) DO(11, x9, 2) DO(12, x12, 0) DO(13, x12, 1) DO(14, x12, 2) DO(15, x15, 0)

/* The 18 columns that 16 neighbouring pixels see through windows 3 wide: each with the pixels to which it is the left,
 * the middle and the right one. */
#define EDGEGEN_TILE_COLUMNS(DO)                                                                                       \
    DO(x0, 0, a0, none, none) DO(x0, 1, a1, a0, none) DO(x0, 2, a2, a1, a0)                                            \
    DO(x3, 0, a3, a2, a1) DO(x3, 1, a4, a3, a2) DO(x3, 2, a5, a4, a3)                                                  \
    DO(x6, 0, a6, a5, a4) DO(x6, 1, a7, a6, a5) DO(x6, 2, a8, a7, a6)                                                  \
    DO(x9, 0, a9, a8, a7) DO(x9, 1, a10, a9, a8) DO(x9, 2, a11, a10, a9)                                               \
    DO(x12, 0, a12, a11, a10) DO(x12, 1, a13, a12, a11) DO(x12, 2, a14, a13, a12)                                      \
    DO(x15, 0, a15, a14, a13) DO(x15, 1, none, a15, a14) DO(x15, 2, none, none, a15)

EDGEGEN_INLINE __m512i edgegen_avx512_step(int f32, __m512i sum, __m512i x, __m512i w)
{
    return f32 ? edgegen_avx512_fma(sum, x, w) : edgegen_avx512_dot(sum, x, w);
}

EDGEGEN_INLINE __m512i edgegen_avx512_sum(int f32, __m512i a, __m512i b)
{
    return f32 ? _mm512_castps_si512(_mm512_add_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b)))
               : _mm512_add_epi32(a, b);
}

/* Stores pixels p and, if they are in the tile, its neighbours: 64 bytes of s8 in all. */
EDGEGEN_INLINE void edgegen_avx512_store_s8(const edgegen_strip *s, int vectors, int count, uint8_t *y, __m512i v)
{
    v = _mm512_max_epi8(v, _mm512_set1_epi8((char)s->low));
    v = _mm512_min_epi8(v, _mm512_set1_epi8((char)s->high));
    if (vectors >= 3) {
        edgegen_avx512_store_first(y, v, s->channels);
        return;
    }
    const ptrdiff_t whole = 16 * vectors;
    if (count * whole == 64 && s->y_step == whole) {
        _mm512_storeu_si512(y, v);
    } else if (vectors == 2) {
        edgegen_avx512_store_first(y, v, s->channels);
        if (count > 1) {
            const __m512i second = _mm512_castsi256_si512(_mm512_extracti64x4_epi64(v, 1));
            edgegen_avx512_store_first(y + s->y_step, second, s->channels);
        }
    } else {
        edgegen_avx512_store_first(y, v, s->channels);
        if (count > 1) {
            const __m512i second = _mm512_castsi128_si512(_mm512_extracti32x4_epi32(v, 1));
            edgegen_avx512_store_first(y + s->y_step, second, s->channels);
        }
        if (count > 2) {
            const __m512i third = _mm512_castsi128_si512(_mm512_extracti32x4_epi32(v, 2));
            edgegen_avx512_store_first(y + 2 * s->y_step, third, s->channels);
        }
        if (count > 3) {
            const __m512i fourth = _mm512_castsi128_si512(_mm512_extracti32x4_epi32(v, 3));
            edgegen_avx512_store_first(y + 3 * s->y_step, fourth, s->channels);
        }
    }
}

/* Of floats, clamped, or of sums as they are. */
EDGEGEN_INLINE void edgegen_avx512_store_wide(const edgegen_strip *s, int kind, uint8_t *y, ptrdiff_t first, __m512i v)
{
    __m512 clamped = _mm512_castsi512_ps(v);
    if (kind == EDGEGEN_TILE_F32) {
        clamped = _mm512_max_ps(_mm512_set1_ps(s->low_f32), clamped);
        clamped = _mm512_min_ps(_mm512_set1_ps(s->high_f32), clamped);
    }
    const ptrdiff_t left = s->channels - first;
    if (left >= 16) {
        _mm512_storeu_ps(y + 4 * first, clamped);
    } else {
        _mm512_mask_storeu_ps(y + 4 * first, (__mmask16)edgegen_avx512_first(left), clamped);
    }
}

/* Finishes accumulators [pixels][vectors][16] in fixed point: for the few blocks that have no proved float form. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_avx512_finish_fixed(const edgegen_strip *s, int32_t *acc,
                                                                        ptrdiff_t vectors, ptrdiff_t pixels, uint8_t *y)
{
    const __m512i zero = _mm512_setzero_si512();
    for (ptrdiff_t i = 0; i < pixels; i++) {
        __m512i v[4] = { zero, zero, zero, zero };
        for (ptrdiff_t g = 0; g < vectors; g++) {
            const int32_t *epilogue = (const int32_t *)(const void *)s->epilogue + g * EDGEGEN_EPILOGUE;
            const __m512i sum = _mm512_loadu_si512(acc + (i * vectors + g) * 16);
            v[g] = edgegen_avx512_requantize(sum, edgegen_avx512_load_epilogue(epilogue), EDGEGEN_FIXED_POINT,
                                             s->zero_point);
        }
        edgegen_avx512_store_s8(s, 4, 1, y + i * s->y_step, edgegen_avx512_narrow(v[0], v[1], v[2], v[3]));
    }
}

/* One tile; kind, columns, vectors and pixels are known when this is compiled. columns: windows 3 wide and 1 apart, of
 * which 16 pixels share each column that is read. s: own variables of the function that loops over
 * tiles; lent: the same for functions that are called */
EDGEGEN_INLINE void edgegen_avx512_tile(int kind, int columns, int vectors, int pixels, const edgegen_strip *s,
                                        const edgegen_strip *lent, const uint8_t *x, uint8_t *y)
{
    const ptrdiff_t step = s->x_step;
    const uint8_t *w = s->weights;
    const int32_t *e0 = (const int32_t *)(const void *)s->epilogue;
    const int f32 = kind == EDGEGEN_TILE_F32, epilogue = kind == EDGEGEN_TILE_S8 ? EDGEGEN_EPILOGUE : 16;
    const int32_t *e1 = e0 + (vectors > 1 ? epilogue : 0), *e2 = e0 + (vectors > 2 ? 2 * epilogue : 0);
    const int32_t *e3 = e0 + (vectors > 3 ? 3 * epilogue : 0);
    const __m512i flip = _mm512_set1_epi32(s->flip);
    const __m512i bias0 = _mm512_loadu_si512(e0), bias1 = _mm512_loadu_si512(e1);
    const __m512i bias2 = _mm512_loadu_si512(e2), bias3 = _mm512_loadu_si512(e3);
#define EDGEGEN_TILE_START(i, base, k) __m512i a##i = bias0, b##i = bias1, c##i = bias2, d##i = bias3;
    EDGEGEN_TILE_PIXELS(EDGEGEN_TILE_START)
    if (pixels == 1) {
        const __m512i zero = _mm512_setzero_si512();
        a1 = a2 = a3 = b1 = b2 = b3 = c1 = c2 = c3 = d1 = d2 = d3 = zero;
    }
    for (ptrdiff_t r = 0; r < s->run_count; r++) {
        const uint8_t *x0 = x + s->runs[r];
        ptrdiff_t left = s->steps;
        if (pixels == 1) { /* a pixel alone takes 4 steps at a time, since one multiply waits for the one before */
#define EDGEGEN_TILE_SINGLE(i)                                                                                         \
    {                                                                                                                  \
        __m512i v = edgegen_avx512_spread(x0 + 4 * (i));                                                               \
        v = f32 ? v : _mm512_xor_si512(v, flip);                                                                       \
        const uint8_t *row = w + 64 * vectors * (i);                                                                   \
        a##i = edgegen_avx512_step(f32, a##i, v, edgegen_avx512_load(row));                                            \
        b##i = vectors > 1 ? edgegen_avx512_step(f32, b##i, v, edgegen_avx512_load(row + 64)) : b##i;                  \
        c##i = vectors > 2 ? edgegen_avx512_step(f32, c##i, v, edgegen_avx512_load(row + 128)) : c##i;                 \
        d##i = vectors > 3 ? edgegen_avx512_step(f32, d##i, v, edgegen_avx512_load(row + 192)) : d##i;                 \
    }
            for (; left >= 4; left -= 4) {
                EDGEGEN_TILE_SINGLE(0)
                EDGEGEN_TILE_SINGLE(1)
                EDGEGEN_TILE_SINGLE(2)
                EDGEGEN_TILE_SINGLE(3)
                x0 += 16;
                w += 4 * 64 * vectors;
            }
        }
        const uint8_t *x3 = x0 + (pixels > 3 ? 3 * step : 0), *x6 = x3 + (pixels > 6 ? 3 * step : 0);
        const uint8_t *x9 = x6 + (pixels > 9 ? 3 * step : 0), *x12 = x9 + (pixels > 12 ? 3 * step : 0);
        const uint8_t *x15 = x12 + (pixels > 15 ? 3 * step : 0);
        if (columns) {
            const ptrdiff_t column = left / 3;
#define EDGEGEN_TILE_SHARE(base, k, first, second, third)                                                              \
    {                                                                                                                  \
        __m512i v = edgegen_avx512_spread(base + (k) * step);                                                          \
        v = f32 ? v : _mm512_xor_si512(v, flip);                                                                       \
        first = edgegen_avx512_step(f32, first, v, w0);                                                                \
        second = edgegen_avx512_step(f32, second, v, w1);                                                              \
        third = edgegen_avx512_step(f32, third, v, w2);                                                                \
    }
            for (left = column; left > 0; left--) {
                const __m512i w0 = edgegen_avx512_load(w), w1 = edgegen_avx512_load(w + 64 * column);
                const __m512i w2 = edgegen_avx512_load(w + 128 * column);
                __m512i none = bias0;
                EDGEGEN_TILE_COLUMNS(EDGEGEN_TILE_SHARE)
                (void)none;
                w += 64;
                x0 += 4, x3 += 4, x6 += 4, x9 += 4, x12 += 4, x15 += 4;
            }
            w += 128 * column;
        }
        for (; left > 0; left--) {
            const __m512i w0 = edgegen_avx512_load(w);
            const __m512i w1 = vectors > 1 ? edgegen_avx512_load(w + 64) : w0;
            const __m512i w2 = vectors > 2 ? edgegen_avx512_load(w + 128) : w0;
            const __m512i w3 = vectors > 3 ? edgegen_avx512_load(w + 192) : w0;
            w += 64 * vectors;
#define EDGEGEN_TILE_STEP(i, base, k)                                                                                  \
    if (pixels > (i)) {                                                                                                \
        __m512i v = edgegen_avx512_spread(base + (k) * step);                                                          \
        v = f32 ? v : _mm512_xor_si512(v, flip);                                                                       \
        a##i = edgegen_avx512_step(f32, a##i, v, w0);                                                                  \
        b##i = vectors > 1 ? edgegen_avx512_step(f32, b##i, v, w1) : b##i;                                             \
        c##i = vectors > 2 ? edgegen_avx512_step(f32, c##i, v, w2) : c##i;                                             \
        d##i = vectors > 3 ? edgegen_avx512_step(f32, d##i, v, w3) : d##i;                                             \
    }
            EDGEGEN_TILE_PIXELS(EDGEGEN_TILE_STEP)
            x0 += 4, x3 += 4, x6 += 4, x9 += 4, x12 += 4, x15 += 4;
        }
    }
    if (pixels == 1) {
        a0 = edgegen_avx512_sum(f32, edgegen_avx512_sum(f32, a0, a1), edgegen_avx512_sum(f32, a2, a3));
        b0 = edgegen_avx512_sum(f32, edgegen_avx512_sum(f32, b0, b1), edgegen_avx512_sum(f32, b2, b3));
        c0 = edgegen_avx512_sum(f32, edgegen_avx512_sum(f32, c0, c1), edgegen_avx512_sum(f32, c2, c3));
        d0 = edgegen_avx512_sum(f32, edgegen_avx512_sum(f32, d0, d1), edgegen_avx512_sum(f32, d2, d3));
    }
    if (kind != EDGEGEN_TILE_S8) {
#define EDGEGEN_TILE_STORE_WIDE(i, base, k)                                                                            \
    if (pixels > (i)) {                                                                                                \
        edgegen_avx512_store_wide(s, kind, y + (i) * s->y_step, 0, a##i);                                              \
        if (vectors > 1) edgegen_avx512_store_wide(s, kind, y + (i) * s->y_step, 16, b##i);                            \
        if (vectors > 2) edgegen_avx512_store_wide(s, kind, y + (i) * s->y_step, 32, c##i);                            \
        if (vectors > 3) edgegen_avx512_store_wide(s, kind, y + (i) * s->y_step, 48, d##i);                            \
    }
        EDGEGEN_TILE_PIXELS(EDGEGEN_TILE_STORE_WIDE)
        return;
    }
    if (s->form == EDGEGEN_FIXED_POINT) {
        int32_t acc[24 * 16];
#define EDGEGEN_TILE_SPILL(i, base, k)                                                                                 \
    if (pixels > (i)) {                                                                                                \
        _mm512_storeu_si512(acc + ((i) * vectors) * 16, a##i);                                                         \
        if (vectors > 1) _mm512_storeu_si512(acc + ((i) * vectors + 1) * 16, b##i);                                    \
        if (vectors > 2) _mm512_storeu_si512(acc + ((i) * vectors + 2) * 16, c##i);                                    \
        if (vectors > 3) _mm512_storeu_si512(acc + ((i) * vectors + 3) * 16, d##i);                                    \
    }
        EDGEGEN_TILE_PIXELS(EDGEGEN_TILE_SPILL)
        edgegen_strip block = *lent;
        block.epilogue = s->epilogue;
        block.channels = s->channels;
        edgegen_avx512_finish_fixed(&block, acc, vectors, pixels, y);
        return;
    }
#define EDGEGEN_TILE_Q(v, e) (two ? edgegen_avx512_requantize_two(v, e) : edgegen_avx512_requantize_one(v, e))
#define EDGEGEN_TILE_STORE4(i, base, k)                                                                                \
    if (vectors >= 3 && pixels > (i)) {                                                                                \
        const __m512i fourth = vectors > 3 ? EDGEGEN_TILE_Q(d##i, e3) : d##i;                                          \
        edgegen_avx512_store_s8(s, vectors, 1, y + (i) * s->y_step,                                                    \
                                edgegen_avx512_narrow(EDGEGEN_TILE_Q(a##i, e0), EDGEGEN_TILE_Q(b##i, e1),              \
                                                      EDGEGEN_TILE_Q(c##i, e2), fourth));                              \
    }
#define EDGEGEN_TILE_STORE2(i, j)                                                                                      \
    if (vectors == 2 && pixels > (i)) {                                                                                \
        const __m512i v = edgegen_avx512_narrow(EDGEGEN_TILE_Q(a##i, e0), EDGEGEN_TILE_Q(b##i, e1),                    \
                                                EDGEGEN_TILE_Q(a##j, e0), EDGEGEN_TILE_Q(b##j, e1));                   \
        edgegen_avx512_store_s8(s, 2, pixels > (j) ? 2 : 1, y + (i) * s->y_step, v);                                   \
    }
#define EDGEGEN_TILE_STORE1(i, j, k, l)                                                                                \
    if (vectors == 1 && pixels > (i)) {                                                                                \
        const __m512i v = edgegen_avx512_narrow(EDGEGEN_TILE_Q(a##i, e0), EDGEGEN_TILE_Q(a##j, e0),                    \
                                                EDGEGEN_TILE_Q(a##k, e0), EDGEGEN_TILE_Q(a##l, e0));                   \
        edgegen_avx512_store_s8(s, 1, pixels - (i), y + (i) * s->y_step, v);                                           \
    }
#define EDGEGEN_TILE_STORE_S8                                                                                          \
    EDGEGEN_TILE_PIXELS(EDGEGEN_TILE_STORE4)                                                                           \
    EDGEGEN_TILE_STORE2(0, 1)                                                                                          \
    EDGEGEN_TILE_STORE2(2, 3)                                                                                          \
    EDGEGEN_TILE_STORE2(4, 5)                                                                                          \
    EDGEGEN_TILE_STORE2(6, 7)                                                                                          \
    EDGEGEN_TILE_STORE2(8, 9)                                                                                          \
    EDGEGEN_TILE_STORE2(10, 11)                                                                                        \
    EDGEGEN_TILE_STORE1(0, 1, 2, 3)                                                                                    \
    EDGEGEN_TILE_STORE1(4, 5, 6, 7)                                                                                    \
    EDGEGEN_TILE_STORE1(8, 9, 10, 11)                                                                                  \
    EDGEGEN_TILE_STORE1(12, 13, 14, 15)
    if (s->form == EDGEGEN_TWO_OFFSETS) {
        const int two = 1;
        EDGEGEN_TILE_STORE_S8
    } else {
        const int two = 0;
        EDGEGEN_TILE_STORE_S8
    }
}

/* The functions that compute strips in tiles of `vectors` by `pixels`. The last tile steps back so that it ends with
 * the last pixel: a strip has at least that many. */
#define EDGEGEN_AVX512_STRIP(name, kind, columns, vectors, tile)                                                       \
    static EDGEGEN_NOINLINE void name(const edgegen_strip *s)                                                          \
    {                                                                                                                  \
        edgegen_strip own = edgegen_own_strip(s);                                                                      \
        for (ptrdiff_t b = 0; b < own.blocks; b++) {                                                                   \
            own.form = (kind) == EDGEGEN_TILE_S8 ? own.forms[b] : 0;                                                   \
            for (ptrdiff_t i = 0;;) {                                                                                  \
                const uint8_t *x = own.x + i * own.x_step;                                                             \
                edgegen_avx512_tile(kind, columns, vectors, tile, &own, s, x, own.y + i * own.y_step);                 \
                if (i == own.pixels - (tile)) {                                                                        \
                    break;                                                                                             \
                }                                                                                                      \
                i = i + 2 * (tile) <= own.pixels ? i + (tile) : own.pixels - (tile);                                   \
            }                                                                                                          \
            edgegen_next_block(&own);                                                                                  \
        }                                                                                                              \
    }
#define EDGEGEN_AVX512_STRIP_S8(vectors, pixels)                                                                       \
    EDGEGEN_AVX512_STRIP(edgegen_avx512_s8_##vectors##x##pixels, EDGEGEN_TILE_S8, 0, vectors, pixels)
#define EDGEGEN_AVX512_STRIP_SUMS(vectors, pixels)                                                                     \
    EDGEGEN_AVX512_STRIP(edgegen_avx512_sums_##vectors##x##pixels, EDGEGEN_TILE_SUMS, 0, vectors, pixels)
#define EDGEGEN_AVX512_STRIP_F32(vectors, pixels)                                                                      \
    EDGEGEN_AVX512_STRIP(edgegen_avx512_f32_##vectors##x##pixels, EDGEGEN_TILE_F32, 0, vectors, pixels)
#define EDGEGEN_AVX512_COLUMNS_S8 EDGEGEN_AVX512_STRIP(edgegen_avx512_columns_s8, EDGEGEN_TILE_S8, 1, 1, 16)
#define EDGEGEN_AVX512_COLUMNS_F32 EDGEGEN_AVX512_STRIP(edgegen_avx512_columns_f32, EDGEGEN_TILE_F32, 1, 1, 16)

#endif
