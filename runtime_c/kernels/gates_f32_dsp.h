/* Sums of recurrent layers' gates on f32 for cores with the DSP extension. */
#ifndef EDGEGEN_GATES_F32_DSP_H
#define EDGEGEN_GATES_F32_DSP_H

#include "kernels/gates_f32.h"
#include "simd/dsp_float.h"

/* As edgegen_gates_f32; scratch[inputs + outputs]: x and h, one behind the other. */
EDGEGEN_INLINE void edgegen_gates_f32_dsp(const edgegen_steps *s, const float *x, const float *h, const float *stream,
                                          int32_t units, float *scratch, float *sums)
{
    const edgegen_float_tile t = {s->inputs + s->outputs, units, 0, 0};
    memcpy(scratch, x, (size_t)s->inputs * sizeof *x);
    if (s->outputs > 0) {
        memcpy(scratch + s->inputs, h, (size_t)s->outputs * sizeof *h);
    }
    edgegen_float_tile_1x4(scratch, stream, sums, &t);
}

#endif
