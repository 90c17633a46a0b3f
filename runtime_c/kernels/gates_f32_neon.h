/* Sums of recurrent layers' gates on f32 for AArch64: sixteen units at a time. */
#ifndef EDGEGEN_GATES_F32_NEON_H
#define EDGEGEN_GATES_F32_NEON_H

#include "kernels/gates_f32.h"
#include "simd/neon_f32.h"

/* Adds x[count] times weights[count][16] to acc[4]. Returns where the weights end. */
EDGEGEN_INLINE const float *edgegen_gates_part_neon(const float *x, int32_t count, const float *weights,
                                                    float32x4_t *acc)
{
    for (int32_t k = 0; k < count; k++, weights += 16) {
        acc[0] = vfmaq_n_f32(acc[0], vld1q_f32(weights), x[k]);
        acc[1] = vfmaq_n_f32(acc[1], vld1q_f32(weights + 4), x[k]);
        acc[2] = vfmaq_n_f32(acc[2], vld1q_f32(weights + 8), x[k]);
        acc[3] = vfmaq_n_f32(acc[3], vld1q_f32(weights + 12), x[k]);
    }
    return weights;
}

/* As edgegen_gates_f32, but by sixteen units. */
EDGEGEN_INLINE const float *edgegen_gates_f32_neon(const edgegen_taps_f32 *taps, const float *stream, int32_t units,
                                                   float *sums)
{
    for (int32_t o = 0; o < units; o += 16) {
        float32x4_t acc[4] = {vld1q_f32(stream), vld1q_f32(stream + 4), vld1q_f32(stream + 8), vld1q_f32(stream + 12)};
        stream = edgegen_gates_part_neon(taps->x, taps->inputs, stream + 16, acc);
        stream = edgegen_gates_part_neon(taps->h, taps->outputs, stream, acc);
        vst1q_f32(sums + o, acc[0]);
        vst1q_f32(sums + o + 4, acc[1]);
        vst1q_f32(sums + o + 8, acc[2]);
        vst1q_f32(sums + o + 12, acc[3]);
    }
    return stream;
}

#endif
