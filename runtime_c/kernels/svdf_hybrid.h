/* SVDF on f32 with s8 features, portable: x is quantized row by row while the model runs. next may be state. */
#ifndef EDGEGEN_SVDF_HYBRID_H
#define EDGEGEN_SVDF_HYBRID_H

#include "kernels/quantize_rows.h"
#include "kernels/svdf.h"

/* scale: of the features; asymmetric: x is quantized with zero points */
typedef struct {
    int32_t batch, depth, units, rank, memory;
    float low, high, scale;
    int32_t asymmetric;
} edgegen_svdf_hybrid;

/* features[units * rank][depth] and their sums, times[units * rank][memory], bias[units]; scratch[depth] */
EDGEGEN_KERNEL void svdf_hybrid(const edgegen_svdf_hybrid *p, const float *x, const float *state, const int8_t *features,
                                const int32_t *feature_sums, const float *times, const float *bias, uint8_t *scratch,
                                float *y, float *next)
{
    int8_t *const q = (int8_t *)scratch;
    for (int32_t b = 0; b < p->batch; b++) {
        const int8_t *feature = features;
        int32_t zero = 0;
        const float scale = p->scale * (p->asymmetric != 0 ? edgegen_quantize_row_asymmetric(x, p->depth, q, &zero)
                                                           : edgegen_quantize_row_symmetric(x, p->depth, q));
        for (int32_t u = 0; u < p->units; u++) {
            float acc = bias[u];
            for (int32_t f = u * p->rank; f < (u + 1) * p->rank; f++) {
                int32_t sum = -zero * feature_sums[f];
                for (int32_t k = 0; k < p->depth; k++) {
                    sum += q[k] * feature[k];
                }
                feature += p->depth;
                const float fresh = (float)sum * scale;
                acc += edgegen_svdf_remember_f32(state, fresh, times + f * p->memory, p->memory, next);
                state += p->memory;
                next += p->memory;
            }
            *y++ = edgegen_clamp_f32(acc, p->low, p->high);
        }
        x += p->depth;
    }
}

#endif
