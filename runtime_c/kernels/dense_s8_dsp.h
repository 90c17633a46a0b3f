/* Dense layer on s8 for the DSP extension: one row of x at a time, four units in a register tile. */
#ifndef EDGEGEN_DENSE_S8_DSP_H
#define EDGEGEN_DENSE_S8_DSP_H

#include "simd/dsp_tile_row.h"

/* quads:       of one part of the depth; parts: the depth is cut where sums of bytes could overflow their lanes
 * part_words:  of the stream of one part
 * tile_units:  units of all whole tiles; the others are computed in a last tile that steps back
 * last_tile, multipliers: where in the stream of a part, and in the stream, they begin; in words
 * copied:      x is copied to the start of scratch and padded to whole quads; sums: where in scratch outputs lie that
 *              are not yet results, [parts][units, at least 4]
 * weight_offset: added to every weight, for accumulators */
typedef struct {
    int32_t rows, depth, units, quads, parts, part_words, tile_units, last_tile, multipliers, copied, sums;
    int32_t weight_offset;
    int32_t form, shift, zero_point, low, high;
} edgegen_dense_s8_dsp;

/* One row of x: results, or accumulators of each part one after the other, to `first`. */
EDGEGEN_INLINE void edgegen_dense_s8_dsp_row(const edgegen_dense_s8_dsp *p, const int8_t *x, const int32_t *stream,
                                             uint8_t *scratch, uint8_t *first)
{
    const int32_t size = p->form == EDGEGEN_DSP_ACCUMULATOR ? 4 : 1, wide = edgegen_max_s32(p->units, 4);
    const edgegen_dsp_row_tile t = {{{0}, p->shift, 0, p->tile_units * size, p->quads, p->form}, stream};
    const edgegen_dsp_row_tile last = {{{0}, p->shift, 0, 4 * size, p->quads, p->form}, stream};
    if (p->copied != 0) {
        memset(scratch, 0, (size_t)(p->parts * p->quads * 4));
        memcpy(scratch, x, (size_t)p->depth);
        x = (const int8_t *)scratch;
    }
    for (int32_t part = 0; part < p->parts; part++) {
        const int32_t *const weights = stream + 3 + part * p->part_words;
        uint8_t *const out = first + part * wide * size;
        if (p->tile_units > 0) {
            edgegen_dsp_tile_1x4(x, weights, out, &t);
        }
        if (p->tile_units < p->units) {
            edgegen_dsp_tile_1x4(x, weights + p->last_tile, out + (wide - 4) * size, &last);
        }
        x += 4 * p->quads;
    }
}

/* Adds the accumulators of all parts up in the first's place. */
EDGEGEN_INLINE void edgegen_dense_s8_dsp_sum(const edgegen_dense_s8_dsp *p, int32_t *sums)
{
    const int32_t wide = edgegen_max_s32(p->units, 4);
    for (int32_t k = wide; k < p->parts * wide; k++) {
        const int32_t unit = k % wide;
        sums[unit] = (int32_t)((uint32_t)sums[unit] + (uint32_t)sums[k]);
    }
}

/* What the weights' offset adds to every unit's accumulator. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED int32_t edgegen_dense_s8_dsp_offset(const int8_t *x, int32_t depth,
                                                                           int32_t offset)
{
    int32_t sum = 0;
    for (; depth >= 4; depth -= 4) {
        const uint32_t bytes = edgegen_dsp_load(x);
        sum = edgegen_dsp_dot(edgegen_dsp_even(bytes), UINT32_C(0x10001), sum);
        sum = edgegen_dsp_dot(edgegen_dsp_odd(bytes), UINT32_C(0x10001), sum);
        x += 4;
    }
    for (; depth > 0; depth--) {
        sum += *x++;
    }
    return sum * offset;
}

/* Accumulators as results; multipliers[units][2]: multiplier, shift. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_dense_s8_dsp_finish(const edgegen_dense_s8_dsp *p,
                                                                        const int32_t *acc, int32_t more,
                                                                        const int32_t *multipliers, int8_t *y)
{
    for (int32_t o = 0; o < p->units; o++) {
        const int32_t sum = acc[o] + more;
        edgegen_dsp_finish(&sum, multipliers + 2 * o, 1, p->shift, p->zero_point, p->low, p->high, y + o);
    }
}

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_dense_s8_dsp_run(const edgegen_dense_s8_dsp *p, const int8_t *x,
                                                                     const int32_t *stream, uint8_t *scratch, int8_t *y)
{
    const int32_t accumulators = p->form == EDGEGEN_DSP_ACCUMULATOR;
    const int32_t aside = accumulators != 0 || p->units < 4;
    for (int32_t r = 0; r < p->rows; r++) {
        uint8_t *const first = aside != 0 ? scratch + p->sums : (uint8_t *)y;
        edgegen_dense_s8_dsp_row(p, x, stream, scratch, first);
        if (accumulators != 0) {
            int32_t *const sums = (int32_t *)(void *)first;
            edgegen_dense_s8_dsp_sum(p, sums);
            const int32_t more =
                p->weight_offset != 0 ? edgegen_dense_s8_dsp_offset(x, p->depth, p->weight_offset) : 0;
            edgegen_dense_s8_dsp_finish(p, sums, more, stream + p->multipliers, y);
        } else if (aside != 0) {
            memcpy(y, first, (size_t)p->units);
        }
        x += p->depth;
        y += p->units;
    }
}

/* The sums as they are; in y from the start where they come in one part and four at a time. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_dense_s8_dsp_as_sums(const edgegen_dense_s8_dsp *p,
                                                                         const int8_t *x, const int32_t *stream,
                                                                         uint8_t *scratch, int32_t *y)
{
    for (int32_t r = 0; r < p->rows; r++) {
        const int32_t aside = p->parts > 1 || p->units < 4;
        int32_t *const sums = aside != 0 ? (int32_t *)(void *)(scratch + p->sums) : y;
        const int32_t more = p->weight_offset != 0 ? edgegen_dense_s8_dsp_offset(x, p->depth, p->weight_offset) : 0;
        edgegen_dense_s8_dsp_row(p, x, stream, scratch, (uint8_t *)sums);
        edgegen_dense_s8_dsp_sum(p, sums);
        for (int32_t o = 0; o < p->units && (aside != 0 || more != 0); o++) {
            y[o] = sums[o] + more;
        }
        x += p->depth;
        y += p->units;
    }
}

EDGEGEN_INLINE void edgegen_dense_s8_dsp_clamped(const edgegen_dense_s8_dsp *p, const int8_t *x, const int32_t *stream,
                                                 uint8_t *scratch, int8_t *y)
{
    edgegen_dense_s8_dsp_run(p, x, stream, scratch, y);
    if (p->form != EDGEGEN_DSP_ACCUMULATOR && (p->low > -128 || p->high < 127)) {
        edgegen_dsp_clamp(y, p->rows * p->units, p->low, p->high);
    }
}

/* x[rows,depth] * stream -> y[rows,units]; stream: multiplier, constant and correction of
 * all units, if they share them, then as edgegen_dsp_tile_1x4 reads it. Depth is whole quads, and there are at
 * least 4 units, all with constants for results. */
EDGEGEN_KERNEL void dense_s8_dsp(const edgegen_dense_s8_dsp *p, const int8_t *x, const int32_t *stream, int8_t *y)
{
    edgegen_dense_s8_dsp_clamped(p, x, stream, (uint8_t *)y, y); /* which it does not use as scratch */
}

/* Any depth, units and requantization. */
EDGEGEN_KERNEL void dense_s8_dsp_any(const edgegen_dense_s8_dsp *p, const int8_t *x, const int32_t *stream,
                                     uint8_t *scratch, int8_t *y)
{
    edgegen_dense_s8_dsp_clamped(p, x, stream, scratch, y);
}

/* The sums as they are, without and with scratch. */
EDGEGEN_KERNEL void dense_s8_s32_dsp(const edgegen_dense_s8_dsp *p, const int8_t *x, const int32_t *stream, int32_t *y)
{
    edgegen_dense_s8_dsp_as_sums(p, x, stream, (uint8_t *)y, y); /* which it does not use as scratch */
}

EDGEGEN_KERNEL void dense_s8_s32_dsp_any(const edgegen_dense_s8_dsp *p, const int8_t *x, const int32_t *stream,
                                         uint8_t *scratch, int32_t *y)
{
    edgegen_dense_s8_dsp_as_sums(p, x, stream, scratch, y);
}

#endif
