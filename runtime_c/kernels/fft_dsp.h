/* Spectra of real s16, and back, for the DSP extension: a complex number is one register. Bits as in fft.h. */
#ifndef EDGEGEN_FFT_DSP_H
#define EDGEGEN_FFT_DSP_H

#include "kernels/fft.h"
#include "simd/dsp_complex.h"

/* What stages of radix 2 and 4 divide by, doubled: floor((2^15 - 1) / radix) * 2 */
enum { EDGEGEN_FFT_DSP_BY_2 = 32766, EDGEGEN_FFT_DSP_BY_4 = 16382 };

EDGEGEN_INLINE uint32_t edgegen_fft_dsp_load(const int16_t *z, int32_t k, uint32_t twice_factor)
{
    return edgegen_dsp_complex_scaled(edgegen_dsp_load(z + 2 * k), twice_factor);
}

EDGEGEN_INLINE void edgegen_fft_dsp_store(int16_t *z, int32_t k, uint32_t a) { memcpy(z + 2 * k, &a, sizeof a); }

EDGEGEN_INLINE void edgegen_fft_dsp_four(int16_t *z, int32_t m, uint32_t a, uint32_t b, uint32_t c, uint32_t d,
                                         int inverse)
{
    const uint32_t even = edgegen_dsp_plus(a, c), odd = edgegen_dsp_plus(b, d);
    const uint32_t gap = edgegen_dsp_minus(a, c), side = edgegen_dsp_minus(b, d);
    const uint32_t left = edgegen_dsp_plus_turned(gap, side), right = edgegen_dsp_minus_turned(gap, side);
    edgegen_fft_dsp_store(z, 0, edgegen_dsp_plus(even, odd));
    edgegen_fft_dsp_store(z, m, inverse ? left : right);
    edgegen_fft_dsp_store(z, 2 * m, edgegen_dsp_minus(even, odd));
    edgegen_fft_dsp_store(z, 3 * m, inverse ? right : left);
}

/* A stage of radix 4. The factors of place k are the same in all blocks. */
EDGEGEN_INLINE void edgegen_fft_dsp_fours(int16_t *z, const int16_t *circle, int32_t stride, int32_t m, int inverse)
{
    for (int32_t k = 0; k < m; k++) {
        const uint32_t w1 = edgegen_dsp_load(circle + 2 * k * stride), w2 = edgegen_dsp_load(circle + 4 * k * stride);
        const uint32_t w3 = edgegen_dsp_load(circle + 6 * k * stride);
        int16_t *at = z + 2 * k;
        for (int32_t block = 0; block < stride; block++, at += 8 * m) {
            const uint32_t b = edgegen_dsp_complex_product(edgegen_fft_dsp_load(at, m, EDGEGEN_FFT_DSP_BY_4), w1);
            const uint32_t c = edgegen_dsp_complex_product(edgegen_fft_dsp_load(at, 2 * m, EDGEGEN_FFT_DSP_BY_4), w2);
            const uint32_t d = edgegen_dsp_complex_product(edgegen_fft_dsp_load(at, 3 * m, EDGEGEN_FFT_DSP_BY_4), w3);
            edgegen_fft_dsp_four(at, m, edgegen_fft_dsp_load(at, 0, EDGEGEN_FFT_DSP_BY_4), b, c, d, inverse);
        }
    }
}

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_fft_dsp_fours_there(int16_t *z, const int16_t *circle,
                                                                        int32_t stride, int32_t m)
{
    edgegen_fft_dsp_fours(z, circle, stride, m, 0);
}

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_fft_dsp_fours_back(int16_t *z, const int16_t *circle,
                                                                       int32_t stride, int32_t m)
{
    edgegen_fft_dsp_fours(z, circle, stride, m, 1);
}

/* Number `from` of x, which has `given`, the others being zero. */
EDGEGEN_INLINE uint32_t edgegen_fft_dsp_given(const int16_t *x, int32_t given, int32_t from, uint32_t twice_factor)
{
    return from < given ? edgegen_fft_dsp_load(x, from, twice_factor) : 0;
}

/* The first stage, which finds its numbers in x. What has been divided by 2 or 4 is not changed by the factor that
 * stands for 1: x * (2^15 - 1) rounds to x up to 2^14. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_fft_dsp_first_fours(int32_t count, int32_t given, const int16_t *x,
                                                                        const uint16_t *order, int16_t *z)
{
    for (int32_t k = 0; k < count; k += 4, z += 8, order += 4) {
        const uint32_t a = edgegen_fft_dsp_given(x, given, order[0], EDGEGEN_FFT_DSP_BY_4);
        const uint32_t b = edgegen_fft_dsp_given(x, given, order[1], EDGEGEN_FFT_DSP_BY_4);
        const uint32_t c = edgegen_fft_dsp_given(x, given, order[2], EDGEGEN_FFT_DSP_BY_4);
        const uint32_t d = edgegen_fft_dsp_given(x, given, order[3], EDGEGEN_FFT_DSP_BY_4);
        edgegen_fft_dsp_four(z, 1, a, b, c, d, 0);
    }
}

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_fft_dsp_first_twos(int32_t count, int32_t given, const int16_t *x,
                                                                       const uint16_t *order, int16_t *z)
{
    for (int32_t k = 0; k < count; k += 2, z += 4, order += 2) {
        const uint32_t a = edgegen_fft_dsp_given(x, given, order[0], EDGEGEN_FFT_DSP_BY_2);
        const uint32_t b = edgegen_fft_dsp_given(x, given, order[1], EDGEGEN_FFT_DSP_BY_2);
        edgegen_fft_dsp_store(z, 0, edgegen_dsp_plus(a, b));
        edgegen_fft_dsp_store(z, 1, edgegen_dsp_minus(a, b));
    }
}

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_fft_dsp_split(int32_t count, const int16_t *half, int16_t *y)
{
    const uint32_t first = edgegen_fft_dsp_load(y, 0, EDGEGEN_FFT_DSP_BY_2);
    const int32_t re = edgegen_dsp_low(first), im = edgegen_dsp_high(first);
    edgegen_fft_dsp_store(y, 0, edgegen_dsp_pair(re + im, 0));
    edgegen_fft_dsp_store(y, count, edgegen_dsp_pair(re - im, 0));
    int16_t *low = y + 2, *high = y + 2 * (count - 1);
    for (; low <= high; low += 2, high -= 2, half += 2) {
        const uint32_t a = edgegen_fft_dsp_load(low, 0, EDGEGEN_FFT_DSP_BY_2);
        const uint32_t b = edgegen_dsp_complex_scaled(edgegen_dsp_conjugate(edgegen_dsp_load(high)),
                                                      EDGEGEN_FFT_DSP_BY_2);
        const uint32_t even = edgegen_dsp_plus(a, b);
        const uint32_t odd = edgegen_dsp_complex_product(edgegen_dsp_minus(a, b), edgegen_dsp_load(half));
        edgegen_fft_dsp_store(low, 0, edgegen_dsp_half_plus(even, odd));
        edgegen_fft_dsp_store(high, 0, edgegen_dsp_halves(edgegen_dsp_half_minus(odd, even),
                                                          edgegen_dsp_half_minus(even, odd)));
    }
}

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_fft_dsp_join(int32_t count, const int16_t *x,
                                                                 const uint16_t *place, const int16_t *half, int16_t *z)
{
    const int32_t sum = x[0] + x[2 * count], gap = x[0] - x[2 * count];
    edgegen_fft_dsp_store(z, place[0], edgegen_dsp_complex_scaled(edgegen_dsp_pair(sum, gap), EDGEGEN_FFT_DSP_BY_2));
    for (int32_t k = 1; k <= count / 2; k++, half += 2) {
        const uint32_t a = edgegen_fft_dsp_load(x, k, EDGEGEN_FFT_DSP_BY_2);
        const uint32_t b = edgegen_dsp_complex_scaled(edgegen_dsp_conjugate(edgegen_dsp_load(x + 2 * (count - k))),
                                                      EDGEGEN_FFT_DSP_BY_2);
        const uint32_t even = edgegen_dsp_plus(a, b);
        const uint32_t odd = edgegen_dsp_complex_product(edgegen_dsp_minus(a, b), edgegen_dsp_load(half));
        edgegen_fft_dsp_store(z, place[k], edgegen_dsp_plus(even, odd));
        edgegen_fft_dsp_store(z, place[count - k], edgegen_dsp_conjugate(edgegen_dsp_minus(even, odd)));
    }
}

/* Frames of even length that have stages of radix 2 and 4 only, at most one of them of 2, given as for rfft_s16. */
EDGEGEN_KERNEL void rfft_s16_dsp(const edgegen_fft *p, const int16_t *x, const uint16_t *order, const int16_t *circle,
                                 const int16_t *half, int16_t *y)
{
    for (int32_t f = 0; f < p->frames; f++, x += p->length, y += 2 * (p->count + 1)) {
        int32_t m = p->twos > 0 ? 2 : 4;
        if (p->twos > 0) {
            edgegen_fft_dsp_first_twos(p->count, p->length / 2, x, order, y);
        } else {
            edgegen_fft_dsp_first_fours(p->count, p->length / 2, x, order, y);
        }
        for (; m < p->count; m *= 4) {
            edgegen_fft_dsp_fours_there(y, circle, p->count / (4 * m), m);
        }
        edgegen_fft_dsp_split(p->count, half, y);
    }
}

EDGEGEN_KERNEL void irfft_s16_dsp(const edgegen_fft *p, const int16_t *x, const uint16_t *place, const int16_t *circle,
                                  const int16_t *half, int16_t *y)
{
    for (int32_t f = 0; f < p->frames; f++, x += 2 * (p->count + 1), y += 2 * p->count) {
        int32_t m = 1;
        edgegen_fft_dsp_join(p->count, x, place, half, y);
        if (p->twos > 0) {
            edgegen_fft_two_s16(y, circle, p->count / 2, 1);
            m = 2;
        }
        for (; m < p->count; m *= 4) {
            edgegen_fft_dsp_fours_back(y, circle, p->count / (4 * m), m);
        }
    }
}

#endif
