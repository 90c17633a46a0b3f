/* Dense layer on rows quantized at run time, weights of four bits with a scale for each block, for the DSP extension. */
#ifndef EDGEGEN_BLOCKWISE_DENSE_DSP_H
#define EDGEGEN_BLOCKWISE_DENSE_DSP_H

#include "kernels/blockwise_dense.h"
#include "simd/dsp_nibbles.h"

/* Four units of one row. weights: [blocks][block/8][unit]; scales: [blocks][unit] */
EDGEGEN_INLINE void edgegen_blockwise_dsp_four(const edgegen_blockwise_dense *p, const int8_t *x, float scale,
                                               int32_t zero, const uint32_t *weights, const uint16_t *scales,
                                               const float *ends, float *y)
{
    float sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int32_t b = 0; b < p->blocks; b++) {
        int32_t parts[4];
        edgegen_dsp_nibble_dots(x + b * p->block, weights, p->block / 8, parts);
        weights += p->block / 2;
        for (int32_t k = 0; k < 4; k++) {
            const float scaled = (float)parts[k] * edgegen_positive_half(*scales++);
            sums[k] += scaled;
        }
    }
    for (int32_t k = 0; k < 4; k++) {
        y[k] = edgegen_blockwise_result(sums[k], scale, zero, ends + 2 * k);
    }
}

/* As blockwise_dense_s4, for at least 4 units and blocks of whole eights: weights[units/4][blocks][block/8][4],
 * scales[units/4][blocks][4]; the last four units end with the last one. */
EDGEGEN_KERNEL void blockwise_dense_s4_dsp(const edgegen_blockwise_dense *p, const int8_t *x, const float *scale,
                                           const int32_t *zero, const uint32_t *weights, const uint16_t *scales,
                                           const float *ends, float *y)
{
    for (int32_t r = 0; r < p->rows; r++) {
        const uint32_t *w = weights;
        const uint16_t *of_block = scales;
        for (int32_t i = 0; i < p->units; i += 4) {
            const int32_t o = edgegen_min_s32(i, p->units - 4);
            edgegen_blockwise_dsp_four(p, x, scale[r], zero[r], w, of_block, ends + 2 * o, y + o);
            w += p->blocks * p->block / 2;
            of_block += 4 * p->blocks;
        }
        x += p->blocks * p->block;
        y += p->units;
    }
}

#endif
