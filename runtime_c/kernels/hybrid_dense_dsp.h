/* Dense layer on rows quantized at run time for the DSP extension: the s8 layer's accumulators become floats. */
#ifndef EDGEGEN_HYBRID_DENSE_DSP_H
#define EDGEGEN_HYBRID_DENSE_DSP_H

#include "kernels/dense_s8_dsp.h"
#include "kernels/hybrid.h"

typedef struct {
    edgegen_dense_s8_dsp dense; /* giving accumulators */
    edgegen_hybrid_output output;
} edgegen_hybrid_dense_dsp;

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_hybrid_dense_dsp_row(const edgegen_hybrid_dense_dsp *p,
                                                                         const int8_t *x, const int32_t *stream,
                                                                         uint8_t *scratch, float *y)
{
    const edgegen_dense_s8_dsp *const d = &p->dense;
    if (d->parts == 1 && d->units >= 4) {
        edgegen_dense_s8_dsp_row(d, x, stream, scratch, (uint8_t *)y);
        return;
    }
    int32_t *const sums = (int32_t *)(void *)(scratch + d->sums);
    edgegen_dense_s8_dsp_row(d, x, stream, scratch, (uint8_t *)sums);
    edgegen_dense_s8_dsp_sum(d, sums);
    memcpy(y, sums, (size_t)d->units * sizeof *y);
}

/* scale[r] * (x[rows,depth] - zero[r]) times stream -> y[rows,units]; stream: as dense_s8_dsp's; factors[units][2]:
 * scale and bias, sums[units]: of the weights. */
EDGEGEN_KERNEL void hybrid_dense_dsp(const edgegen_hybrid_dense_dsp *p, const int8_t *x, const float *scale,
                                     const int32_t *zero, const int32_t *stream, const float *factors,
                                     const int32_t *sums, uint8_t *scratch, float *y)
{
    for (int32_t r = 0; r < p->dense.rows; r++) {
        edgegen_hybrid_dense_dsp_row(p, x, stream, scratch, y);
        edgegen_hybrid_finish(&p->output, 1, p->dense.units, scale[r], zero[r], sums, factors, y);
        x += p->dense.depth;
        y += p->dense.units;
    }
}

#endif
