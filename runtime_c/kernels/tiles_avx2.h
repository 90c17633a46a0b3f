/* Register tiles for AVX2: 1 or 2 vectors of 8 channels by up to 12 pixels, s16 (for s8) and f32.
 *
 * Every step spreads 4 bytes of each pixel's window (2 s16 or one f32) over a vector and multiplies it with the step's
 * vectors of weights, which lie in the order they are read: [block][run][step][vector][8 channels][4 bytes]. */
#ifndef EDGEGEN_TILES_AVX2_H
#define EDGEGEN_TILES_AVX2_H

#include "kernels/windows.h"
#include "simd/avx2.h"

#define EDGEGEN_AVX2_PIXELS(DO)                                                                                        \
    DO(0, x0, 0) DO(1, x0, 1) DO(2, x0, 2) DO(3, x3, 0) DO(4, x3, 1) DO(5, x3, 2)                                      \
    DO(6, x6, 0) DO(7, x6, 1) DO(8, x6, 2) DO(9, x9, 0) DO(10, x9, 1) DO(11, x9, 2)

EDGEGEN_INLINE __m256i edgegen_avx2_step(int f32, __m256i sum, __m256i x, __m256i w)
{
    return f32 ? edgegen_avx2_fma(sum, x, w) : edgegen_avx2_dot(sum, x, w);
}

EDGEGEN_INLINE __m256i edgegen_avx2_sum(int f32, __m256i a, __m256i b)
{
    return f32 ? _mm256_castps_si256(_mm256_add_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b)))
               : _mm256_add_epi32(a, b);
}

EDGEGEN_INLINE __m256i edgegen_avx2_clamp_s8(const edgegen_strip *s, __m256i v)
{
    v = _mm256_max_epi8(v, _mm256_set1_epi8((char)s->low));
    return _mm256_min_epi8(v, _mm256_set1_epi8((char)s->high));
}

/* Stores 32 bytes of s8 that are 2 pixels of 2 vectors or 4 pixels of 1; the first `count` of them exist. */
EDGEGEN_INLINE void edgegen_avx2_store_s8(const edgegen_strip *s, int vectors, int count, uint8_t *y, __m256i v)
{
    v = edgegen_avx2_clamp_s8(s, v);
    const __m128i low = _mm256_castsi256_si128(v), high = _mm256_extracti128_si256(v, 1);
    const ptrdiff_t whole = 8 * vectors, n = s->channels < whole ? s->channels : whole;
    if (count * whole == 32 && s->y_step == whole) {
        _mm256_storeu_si256((__m256i *)(void *)y, v);
    } else if (vectors == 2) {
        edgegen_avx2_store_first(y, low, n);
        if (count > 1) {
            edgegen_avx2_store_first(y + s->y_step, high, n);
        }
    } else {
        edgegen_avx2_store_first(y, low, n);
        if (count > 1) {
            edgegen_avx2_store_first(y + s->y_step, _mm_srli_si128(low, 8), n);
        }
        if (count > 2) {
            edgegen_avx2_store_first(y + 2 * s->y_step, high, n);
        }
        if (count > 3) {
            edgegen_avx2_store_first(y + 3 * s->y_step, _mm_srli_si128(high, 8), n);
        }
    }
}

/* Of floats, clamped, or of sums as they are. */
EDGEGEN_INLINE void edgegen_avx2_store_wide(const edgegen_strip *s, int kind, uint8_t *y, ptrdiff_t first, __m256i v)
{
    float *const to = (float *)(void *)(y + 4 * first);
    __m256 clamped = _mm256_castsi256_ps(v);
    if (kind == EDGEGEN_TILE_F32) {
        clamped = _mm256_max_ps(_mm256_set1_ps(s->low_f32), clamped);
        clamped = _mm256_min_ps(_mm256_set1_ps(s->high_f32), clamped);
    }
    const ptrdiff_t left = s->channels - first;
    if (left >= 8) {
        _mm256_storeu_ps(to, clamped);
    } else if (left > 0) {
        _mm256_maskstore_ps(to, edgegen_avx2_first(left), clamped);
    }
}

/* Finishes accumulators [pixels][vectors][8] in fixed point: for the few blocks that have no proved float form. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_avx2_finish_fixed(const edgegen_strip *s, const int32_t *acc,
                                                                      ptrdiff_t vectors, ptrdiff_t pixels, uint8_t *y)
{
    for (ptrdiff_t i = 0; i < pixels; i++) {
        __m256i v[2] = { _mm256_setzero_si256(), _mm256_setzero_si256() };
        for (ptrdiff_t g = 0; g < vectors; g++) {
            const int32_t *epilogue = (const int32_t *)(const void *)s->epilogue + g * EDGEGEN_AVX2_EPILOGUE;
            const __m256i sum = _mm256_loadu_si256((const __m256i *)(const void *)(acc + (i * vectors + g) * 8));
            v[g] = edgegen_avx2_requantize(sum, epilogue, EDGEGEN_FIXED_POINT, s->zero_point);
        }
        const __m256i bytes = edgegen_avx2_clamp_s8(s, edgegen_avx2_narrow(v[0], v[1], v[0], v[1]));
        const ptrdiff_t n = s->channels < 8 * vectors ? s->channels : 8 * vectors;
        edgegen_avx2_store_first(y + i * s->y_step, _mm256_castsi256_si128(bytes), n);
    }
}

/* One tile; kind, vectors and pixels are known when this is compiled. s: own variables of the function that loops over
 * tiles; lent: the same for functions that are called */
EDGEGEN_INLINE void edgegen_avx2_tile(int kind, int vectors, int pixels, const edgegen_strip *s,
                                      const edgegen_strip *lent, const uint8_t *x, uint8_t *y)
{
    const ptrdiff_t step = s->x_step;
    const ptrdiff_t vector = 32;
    const int f32 = kind == EDGEGEN_TILE_F32;
    const uint8_t *w = s->weights;
    const int32_t *e0 = (const int32_t *)(const void *)s->epilogue;
    const int32_t *e1 = e0 + (vectors > 1 ? (kind == EDGEGEN_TILE_S8 ? EDGEGEN_AVX2_EPILOGUE : 8) : 0);
    const __m256i bias0 = edgegen_avx2_row(e0, 0), bias1 = edgegen_avx2_row(e1, 0);
#define EDGEGEN_AVX2_START(i, base, k) __m256i a##i = bias0, b##i = bias1;
    EDGEGEN_AVX2_PIXELS(EDGEGEN_AVX2_START)
    if (pixels == 1) {
        a1 = a2 = a3 = b1 = b2 = b3 = _mm256_setzero_si256();
    }
    for (ptrdiff_t r = 0; r < s->run_count; r++) {
        const uint8_t *x0 = x + s->runs[r];
        ptrdiff_t left = s->steps;
        if (pixels == 1) { /* a pixel alone takes 4 steps at a time, since one multiply waits for the one before */
#define EDGEGEN_AVX2_SINGLE(i)                                                                                         \
    {                                                                                                                  \
        const __m256i v = edgegen_avx2_spread(x0 + 4 * (i));                                                           \
        const uint8_t *row = w + vector * vectors * (i);                                                               \
        a##i = edgegen_avx2_step(f32, a##i, v, edgegen_avx2_load(row));                                     \
        b##i = vectors > 1 ? edgegen_avx2_step(f32, b##i, v, edgegen_avx2_load(row + vector)) : b##i;       \
    }
            for (; left >= 4; left -= 4) {
                EDGEGEN_AVX2_SINGLE(0)
                EDGEGEN_AVX2_SINGLE(1)
                EDGEGEN_AVX2_SINGLE(2)
                EDGEGEN_AVX2_SINGLE(3)
                x0 += 16;
                w += 4 * vector * vectors;
            }
        }
        const uint8_t *x3 = x0 + (pixels > 3 ? 3 * step : 0), *x6 = x3 + (pixels > 6 ? 3 * step : 0);
        const uint8_t *x9 = x6 + (pixels > 9 ? 3 * step : 0);
        for (; left > 0; left--) {
            const __m256i w0 = edgegen_avx2_load(w);
            const __m256i w1 = vectors > 1 ? edgegen_avx2_load(w + vector) : w0;
            w += vector * vectors;
#define EDGEGEN_AVX2_STEP(i, base, k)                                                                                  \
    if (pixels > (i)) {                                                                                                \
        const __m256i v = edgegen_avx2_spread(base + (k) * step);                                                      \
        a##i = edgegen_avx2_step(f32, a##i, v, w0);                                                                    \
        b##i = vectors > 1 ? edgegen_avx2_step(f32, b##i, v, w1) : b##i;                                               \
    }
            EDGEGEN_AVX2_PIXELS(EDGEGEN_AVX2_STEP)
            x0 += 4, x3 += 4, x6 += 4, x9 += 4;
        }
    }
    if (pixels == 1) {
        a0 = edgegen_avx2_sum(f32, edgegen_avx2_sum(f32, a0, a1), edgegen_avx2_sum(f32, a2, a3));
        b0 = edgegen_avx2_sum(f32, edgegen_avx2_sum(f32, b0, b1), edgegen_avx2_sum(f32, b2, b3));
    }
    if (kind != EDGEGEN_TILE_S8) {
#define EDGEGEN_AVX2_STORE_WIDE(i, base, k)                                                                            \
    if (pixels > (i)) {                                                                                                \
        edgegen_avx2_store_wide(s, kind, y + (i) * s->y_step, 0, a##i);                                                \
        if (vectors > 1) edgegen_avx2_store_wide(s, kind, y + (i) * s->y_step, 8, b##i);                               \
    }
        EDGEGEN_AVX2_PIXELS(EDGEGEN_AVX2_STORE_WIDE)
        return;
    }
    if (s->form == EDGEGEN_FIXED_POINT) {
        int32_t acc[12 * 8];
#define EDGEGEN_AVX2_SPILL(i, base, k)                                                                                 \
    if (pixels > (i)) {                                                                                                \
        _mm256_storeu_si256((__m256i *)(void *)(acc + (i) * vectors * 8), a##i);                                       \
        if (vectors > 1) _mm256_storeu_si256((__m256i *)(void *)(acc + ((i) * vectors + 1) * 8), b##i);                \
    }
        EDGEGEN_AVX2_PIXELS(EDGEGEN_AVX2_SPILL)
        edgegen_strip block = *lent;
        block.epilogue = s->epilogue;
        block.channels = s->channels;
        edgegen_avx2_finish_fixed(&block, acc, vectors, pixels, y);
        return;
    }
#define EDGEGEN_AVX2_Q(v, e) edgegen_avx2_requantize(v, e, form, 0)
#define EDGEGEN_AVX2_STORE2(i, j)                                                                                      \
    if (vectors == 2 && pixels > (i)) {                                                                                \
        const __m256i v = edgegen_avx2_narrow(EDGEGEN_AVX2_Q(a##i, e0), EDGEGEN_AVX2_Q(b##i, e1),                      \
                                              EDGEGEN_AVX2_Q(a##j, e0), EDGEGEN_AVX2_Q(b##j, e1));                     \
        edgegen_avx2_store_s8(s, 2, pixels > (j) ? 2 : 1, y + (i) * s->y_step, v);                                     \
    }
#define EDGEGEN_AVX2_STORE1(i, j, k, l)                                                                                \
    if (vectors == 1 && pixels > (i)) {                                                                                \
        const __m256i v = edgegen_avx2_narrow(EDGEGEN_AVX2_Q(a##i, e0), EDGEGEN_AVX2_Q(a##j, e0),                      \
                                              EDGEGEN_AVX2_Q(a##k, e0), EDGEGEN_AVX2_Q(a##l, e0));                     \
        edgegen_avx2_store_s8(s, 1, pixels - (i), y + (i) * s->y_step, v);                                             \
    }
#define EDGEGEN_AVX2_STORE_S8                                                                                          \
    EDGEGEN_AVX2_STORE2(0, 1)                                                                                          \
    EDGEGEN_AVX2_STORE2(2, 3)                                                                                          \
    EDGEGEN_AVX2_STORE2(4, 5)                                                                                          \
    EDGEGEN_AVX2_STORE1(0, 1, 2, 3)                                                                                    \
    EDGEGEN_AVX2_STORE1(4, 5, 6, 7)                                                                                    \
    EDGEGEN_AVX2_STORE1(8, 9, 10, 11)
    if (s->form == EDGEGEN_TWO_OFFSETS) {
        const int form = EDGEGEN_TWO_OFFSETS;
        EDGEGEN_AVX2_STORE_S8
    } else {
        const int form = EDGEGEN_ONE_OFFSET;
        EDGEGEN_AVX2_STORE_S8
    }
}

/* The functions that compute strips in tiles of `vectors` by `pixels`. The last tile steps back so that it ends with
 * the last pixel: a strip has at least that many. */
#define EDGEGEN_AVX2_STRIP(name, kind, vectors, tile)                                                          \
    static EDGEGEN_NOINLINE void name(const edgegen_strip *s)                                                          \
    {                                                                                                                  \
        edgegen_strip own = edgegen_own_strip(s);                                                                      \
        for (ptrdiff_t b = 0; b < own.blocks; b++) {                                                                   \
            own.form = (kind) == EDGEGEN_TILE_S8 ? own.forms[b] : 0;                                                   \
            for (ptrdiff_t i = 0;;) {                                                                                  \
                const uint8_t *x = own.x + i * own.x_step;                                                             \
                edgegen_avx2_tile(kind, vectors, tile, &own, s, x, own.y + i * own.y_step);                            \
                if (i == own.pixels - (tile)) {                                                                        \
                    break;                                                                                             \
                }                                                                                                      \
                i = i + 2 * (tile) <= own.pixels ? i + (tile) : own.pixels - (tile);                                   \
            }                                                                                                          \
            edgegen_next_block(&own);                                                                                  \
        }                                                                                                              \
    }
#define EDGEGEN_AVX2_STRIP_S8(vectors, pixels)                                                                         \
    EDGEGEN_AVX2_STRIP(edgegen_avx2_s8_##vectors##x##pixels, EDGEGEN_TILE_S8, vectors, pixels)
#define EDGEGEN_AVX2_STRIP_SUMS(vectors, pixels)                                                                       \
    EDGEGEN_AVX2_STRIP(edgegen_avx2_sums_##vectors##x##pixels, EDGEGEN_TILE_SUMS, vectors, pixels)
#define EDGEGEN_AVX2_STRIP_F32(vectors, pixels)                                                                        \
    EDGEGEN_AVX2_STRIP(edgegen_avx2_f32_##vectors##x##pixels, EDGEGEN_TILE_F32, vectors, pixels)

#endif
