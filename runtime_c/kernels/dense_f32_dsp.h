/* Dense layer on f32 for cores with the DSP extension: one row of x at a time, four units in a register tile. */
#ifndef EDGEGEN_DENSE_F32_DSP_H
#define EDGEGEN_DENSE_F32_DSP_H

#include "simd/dsp_float.h"

/* tile_units: units of all whole tiles; the others are computed in a last tile that steps back
 * last_tile:  where in the stream it begins, in elements */
typedef struct {
    int32_t rows, depth, units, tile_units, last_tile;
    float low, high;
} edgegen_dense_f32_dsp;

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_dense_f32_dsp_run(const edgegen_dense_f32_dsp *p, const float *x,
                                                                      const float *stream, float *y)
{
    const int32_t relu = p->low == 0.0f && p->high == EDGEGEN_INFINITY;
    const int32_t clamped = relu == 0 && (p->low > -EDGEGEN_INFINITY || p->high < EDGEGEN_INFINITY);
    const edgegen_float_tile t = {p->depth, p->tile_units, 0, relu}, last = {p->depth, 4, 0, relu};
    for (int32_t r = 0; r < p->rows; r++) {
        float few[4];
        if (p->tile_units > 0) {
            edgegen_float_tile_1x4(x, stream, y, &t);
        }
        if (p->tile_units < p->units) {
            edgegen_float_tile_1x4(x, stream + p->last_tile, p->units < 4 ? few : y + p->units - 4, &last);
        }
        for (int32_t k = 0; p->units < 4 && k < p->units; k++) {
            y[k] = few[k];
        }
        for (int32_t k = 0; clamped != 0 && k < p->units; k++) {
            y[k] = edgegen_clamp_f32(y[k], p->low, p->high);
        }
        x += p->depth;
        y += p->units;
    }
}

/* x[rows,depth] * stream -> y[rows,units]; stream: see edgegen_float_tile_1x4 */
EDGEGEN_KERNEL void dense_f32_dsp(const edgegen_dense_f32_dsp *p, const float *x, const float *stream, float *y)
{
    edgegen_dense_f32_dsp_run(p, x, stream, y);
}

#endif
