/* Sums of products of s8 and their requantization on the DSP extension, for kernels that need them as s32. */
#ifndef EDGEGEN_SIMD_DSP_PRODUCTS_H
#define EDGEGEN_SIMD_DSP_PRODUCTS_H

#include "simd/dsp_tile_row.h"

/* x as the products read it: itself if `depth` bytes are whole quads, else padded with zeros in `copy`. */
EDGEGEN_INLINE const int8_t *edgegen_dsp_whole_quads(const int8_t *x, int32_t depth, uint8_t *copy)
{
    if (depth % 4 == 0) {
        return x;
    }
    memset(copy + depth / 4 * 4, 0, 4);
    memcpy(copy, x, (size_t)depth);
    return (const int8_t *)copy;
}

/* sums[units]: x[depth] in whole quads times the stream's weights; units is a multiple of 4. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_dsp_products(const int8_t *x, const int32_t *stream, int32_t depth,
                                                                 int32_t units, int32_t *sums)
{
    const edgegen_dsp_row_tile t = {{{0}, 0, 0, 4 * units, (depth + 3) / 4, EDGEGEN_DSP_ACCUMULATOR}, stream};
    edgegen_dsp_tile_1x4(x, stream, (uint8_t *)sums, &t);
}

#endif
