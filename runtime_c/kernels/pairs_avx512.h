/* Register tiles for AVX-512 of layers with up to 8 channels: two pixels in a vector.
 *
 * A run of a window is short enough here for one load to hold those of two neighbouring pixels; each step picks its 4
 * bytes of either pixel for the two halves of a vector. Weights lie [run][step][2 times 8 channels][4 bytes]. */
#ifndef EDGEGEN_PAIRS_AVX512_H
#define EDGEGEN_PAIRS_AVX512_H

#include "kernels/tiles_avx512.h"
#include "simd/unroll.h"

/* Sums of 2 * pairs pixels from the windows at x. short_: 32 bytes hold both pixels' runs, else 64 do. */
EDGEGEN_INLINE void edgegen_avx512_pairs_sums(int f32, int steps, int pairs, int short_, const edgegen_strip *s,
                                              const __m512i *pick, __m512i bias, const uint8_t *x, __m512i *sum)
{
    const uint8_t *w = s->weights;
    EDGEGEN_UNROLL
    for (int j = 0; j < pairs; j++) {
        sum[j] = bias;
    }
    for (ptrdiff_t r = 0; r < s->run_count; r++) {
        const uint8_t *run = x + s->runs[r];
        __m512i both[8];
        EDGEGEN_UNROLL
        for (int j = 0; j < pairs; j++) {
            const uint8_t *in = run + 2 * j * s->x_step;
            both[j] = short_ ? _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)(const void *)in))
                             : _mm512_loadu_si512(in);
        }
        EDGEGEN_UNROLL
        for (int i = 0; i < steps; i++) {
            const __m512i weights = edgegen_avx512_load(w);
            w += 64;
            EDGEGEN_UNROLL
            for (int j = 0; j < pairs; j++) {
                sum[j] = edgegen_avx512_step(f32, sum[j], _mm512_permutexvar_epi8(pick[i], both[j]), weights);
            }
        }
    }
}

/* Bytes that each step picks out of a load. */
EDGEGEN_INLINE void edgegen_avx512_pairs_pick(int steps, const edgegen_strip *s, __m512i *pick)
{
    const __m512i four = _mm512_set1_epi32(0x03020100);
    const __mmask64 second = ~(__mmask64)0 << 32;
    const __m512i first = _mm512_mask_add_epi8(four, second, four, _mm512_set1_epi8((char)s->x_step));
    EDGEGEN_UNROLL
    for (int i = 0; i < steps; i++) {
        pick[i] = _mm512_add_epi8(first, _mm512_set1_epi8((char)(4 * i)));
    }
}

EDGEGEN_INLINE void edgegen_avx512_pairs_s8(int steps, int short_, int form, const edgegen_strip *s)
{
    const edgegen_avx512_epilogue e = edgegen_avx512_load_epilogue((const int32_t *)(const void *)s->epilogue);
    const __m512i low = _mm512_set1_epi8((char)s->low), high = _mm512_set1_epi8((char)s->high);
    __m512i pick[9];
    edgegen_avx512_pairs_pick(steps, s, pick);
    uint8_t places[64]; /* of the pixels' channels, without those that do not exist */
    const uint32_t channels = (uint32_t)s->channels, part = (channels + 255) / channels; /* of 256, at most 8 channels */
    for (uint32_t i = 0; i < 64; i++) {
        const uint32_t pixel = i * part >> 8; /* i / channels, which no vector divides */
        places[i] = (uint8_t)(pixel * 8 + i - pixel * channels);
    }
    const __m512i compact = _mm512_loadu_si512(places);
    for (ptrdiff_t i = 0;;) {
        __m512i sum[4];
        edgegen_avx512_pairs_sums(0, steps, 4, short_, s, pick, e.bias, s->x + i * s->x_step, sum);
        EDGEGEN_UNROLL
        for (int j = 0; j < 4; j++) {
            sum[j] = edgegen_avx512_requantize(sum[j], e, form, s->zero_point);
        }
        __m512i v = edgegen_avx512_narrow(sum[0], sum[1], sum[2], sum[3]);
        v = _mm512_min_epi8(_mm512_max_epi8(v, low), high);
        if (s->y_step == s->channels) {
            edgegen_avx512_store_first(s->y + i * s->y_step, _mm512_permutexvar_epi8(compact, v), 8 * s->channels);
        } else {
            uint8_t results[64];
            _mm512_storeu_si512(results, v);
            for (ptrdiff_t j = 0; j < 8; j++) {
                memcpy(s->y + (i + j) * s->y_step, results + 8 * j, (size_t)s->channels);
            }
        }
        if (i == s->pixels - 8) {
            return;
        }
        i = i + 16 <= s->pixels ? i + 8 : s->pixels - 8;
    }
}

EDGEGEN_INLINE void edgegen_avx512_pairs_f32(int steps, int pairs, int short_, const edgegen_strip *s)
{
    const __m512i bias = _mm512_loadu_si512(s->epilogue);
    const __m512 low = _mm512_set1_ps(s->low_f32), high = _mm512_set1_ps(s->high_f32);
    const __mmask16 some = (__mmask16)edgegen_avx512_first(s->channels);
    __m512i pick[9];
    edgegen_avx512_pairs_pick(steps, s, pick);
    for (ptrdiff_t i = 0;;) {
        __m512i sum[8];
        edgegen_avx512_pairs_sums(1, steps, pairs, short_, s, pick, bias, s->x + i * s->x_step, sum);
        EDGEGEN_UNROLL
        for (int j = 0; j < pairs; j++) {
            uint8_t *y = s->y + (i + 2 * j) * s->y_step;
            const __m512 v = _mm512_min_ps(high, _mm512_max_ps(low, _mm512_castsi512_ps(sum[j])));
            if (s->channels == 8 && s->y_step == 32) {
                _mm512_storeu_ps(y, v);
            } else {
                const __m512i second = _mm512_castsi256_si512(_mm512_extracti64x4_epi64(_mm512_castps_si512(v), 1));
                _mm512_mask_storeu_ps(y, some, v);
                _mm512_mask_storeu_epi32(y + s->y_step, some, second);
            }
        }
        if (i == s->pixels - 2 * pairs) {
            return;
        }
        i = i + 4 * pairs <= s->pixels ? i + 2 * pairs : s->pixels - 2 * pairs;
    }
}

/* The functions for runs of `steps` steps, at most 9. The last tile steps back so that it ends with the last pixel:
 * a strip has at least 8 pixels, or 2 * pairs. */
#define EDGEGEN_AVX512_PAIRS_S8(steps, pairs, short_)                                                                  \
    static EDGEGEN_NOINLINE void edgegen_avx512_pairs_s8_##steps##x##pairs##x##short_(const edgegen_strip *s)          \
    {                                                                                                                  \
        const edgegen_strip own = edgegen_own_strip(s);                                                                \
        if (own.form == EDGEGEN_ONE_OFFSET) {                                                                          \
            edgegen_avx512_pairs_s8(steps, short_, EDGEGEN_ONE_OFFSET, &own);                                          \
        } else if (own.form == EDGEGEN_TWO_OFFSETS) {                                                                  \
            edgegen_avx512_pairs_s8(steps, short_, EDGEGEN_TWO_OFFSETS, &own);                                         \
        } else {                                                                                                       \
            edgegen_avx512_pairs_s8(steps, short_, EDGEGEN_FIXED_POINT, &own);                                         \
        }                                                                                                              \
    }

#define EDGEGEN_AVX512_PAIRS_F32(steps, pairs, short_)                                                                 \
    static EDGEGEN_NOINLINE void edgegen_avx512_pairs_f32_##steps##x##pairs##x##short_(const edgegen_strip *s)         \
    {                                                                                                                  \
        const edgegen_strip own = edgegen_own_strip(s);                                                                \
        edgegen_avx512_pairs_f32(steps, pairs, short_, &own);                                                          \
    }

#endif
