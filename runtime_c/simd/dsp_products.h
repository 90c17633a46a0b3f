/* Sums of products of s8 and their requantization on the DSP extension, for kernels that need them as s32. */
#ifndef EDGEGEN_SIMD_DSP_PRODUCTS_H
#define EDGEGEN_SIMD_DSP_PRODUCTS_H

#include "simd/dsp_tile_row.h"

/* x as the products read it: itself if `depth` bytes are whole quads, else padded with zeros in `spare`. */
EDGEGEN_INLINE const int8_t *edgegen_dsp_whole_quads(const int8_t *x, int32_t depth, uint8_t *spare)
{
    if (depth % 4 == 0) {
        return x;
    }
    memset(spare + depth / 4 * 4, 0, 4);
    memcpy(spare, x, (size_t)depth);
    return (const int8_t *)spare;
}

EDGEGEN_INLINE int32_t edgegen_dsp_saturate_s16(int32_t x)
{
#if EDGEGEN_DSP_ASM
    int32_t y;
    __asm__("ssat %0, #16, %1" : "=r"(y) : "r"(x));
    return y;
#else
    return edgegen_clamp_s32(x, -32768, 32767);
#endif
}

/* edgegen_requantize(x, factor[0], factor[1]) for |x| < 2^30 and a negative shift factor[1]. */
EDGEGEN_INLINE int32_t edgegen_dsp_scale(int32_t x, const int32_t *factor)
{
    int32_t product;
#if EDGEGEN_DSP_ASM
    __asm__("smmulr %0, %1, %2" : "=r"(product) : "r"(2 * x), "r"(factor[0]));
#else
    product = edgegen_doubling_high_multiply(x, factor[0]);
#endif
    return (product + (1 << (-factor[1] - 1)) + (product >> 31)) >> -factor[1];
}

/* The same by four weights of a unit at a time, where two of them do not fit a lane.
 *
 * stream: per four units starts[4], then per quad four bytes of each unit */
EDGEGEN_INLINE void edgegen_dsp_products_apart(const int8_t *x, const int32_t *stream, int32_t quads, int32_t units,
                                               int32_t *sums)
{
    for (int32_t o = 0; o < units; o += 4) {
        int32_t a = stream[0], b = stream[1], c = stream[2], d = stream[3];
        stream += 4;
        for (int32_t k = 0; k < quads; k++, stream += 4) {
            const uint32_t four = edgegen_dsp_load(x + 4 * k);
            const uint32_t even = edgegen_dsp_even(four), odd = edgegen_dsp_odd(four);
            const uint32_t wa = (uint32_t)stream[0], wb = (uint32_t)stream[1];
            const uint32_t wc = (uint32_t)stream[2], wd = (uint32_t)stream[3];
            a = edgegen_dsp_dot(even, edgegen_dsp_even(wa), edgegen_dsp_dot(odd, edgegen_dsp_odd(wa), a));
            b = edgegen_dsp_dot(even, edgegen_dsp_even(wb), edgegen_dsp_dot(odd, edgegen_dsp_odd(wb), b));
            c = edgegen_dsp_dot(even, edgegen_dsp_even(wc), edgegen_dsp_dot(odd, edgegen_dsp_odd(wc), c));
            d = edgegen_dsp_dot(even, edgegen_dsp_even(wd), edgegen_dsp_dot(odd, edgegen_dsp_odd(wd), d));
        }
        sums[o] = a;
        sums[o + 1] = b;
        sums[o + 2] = c;
        sums[o + 3] = d;
    }
}

/* sums[units]: x[depth] in whole quads times the stream's weights; units is a multiple of 4. apart: two weights do not
 * always fit a lane, so the stream is that of edgegen_dsp_products_apart. Returns where these units' weights end. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED const int32_t *edgegen_dsp_products(const int8_t *x, const int32_t *stream,
                                                                           int32_t depth, int32_t units,
                                                                           int32_t apart, int32_t *sums)
{
    const int32_t quads = (depth + 3) / 4;
    const edgegen_dsp_row_tile t = {{{0}, 0, 0, 4 * units, quads, EDGEGEN_DSP_ACCUMULATOR}, stream};
    if (apart != 0) {
        edgegen_dsp_products_apart(x, stream, quads, units, sums);
    } else {
        edgegen_dsp_tile_1x4(x, stream, (uint8_t *)sums, &t);
    }
    return stream + units / 4 * (4 * quads + (apart != 0 ? 4 : 6));
}

#endif
