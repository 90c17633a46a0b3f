/* Dense layer on rows quantized at run time, weights of four bits with a scale for each block of a row, portable. */
#ifndef EDGEGEN_BLOCKWISE_DENSE_H
#define EDGEGEN_BLOCKWISE_DENSE_H

#include "kernels/half.h"
#include "kernels/nibbles.h"

/* blocks: in a row; block: their size, which is even */
typedef struct {
    int32_t rows, units, blocks, block;
} edgegen_blockwise_dense;

/* The sum of a unit's blocks as a result; ends: what a zero point of 1 takes from a sum, and the bias. Roundings are
 * statements of their own, so that no compiler fuses two. */
EDGEGEN_INLINE float edgegen_blockwise_result(float sum, float scale, int32_t zero, const float *ends)
{
    const float correction = (float)zero * ends[0];
    const float corrected = sum - correction;
    const float real = corrected * scale;
    return real + ends[1];
}

/* scale[r] * (x[rows,depth] - zero[r]) times weights[units,depth/2] with scales[units,blocks] -> y[rows,units];
 * ends[units][2]: as edgegen_blockwise_result's. */
EDGEGEN_KERNEL void blockwise_dense_s4(const edgegen_blockwise_dense *p, const int8_t *x, const float *scale,
                                       const int32_t *zero, const uint8_t *weights, const uint16_t *scales,
                                       const float *ends, float *y)
{
    for (int32_t r = 0; r < p->rows; r++) {
        const uint8_t *w = weights;
        const uint16_t *of_block = scales;
        for (int32_t o = 0; o < p->units; o++) {
            float sum = 0.0f;
            for (int32_t b = 0; b < p->blocks; b++) {
                const float part = (float)edgegen_dot_nibbles(x + b * p->block, w, p->block);
                const float scaled = part * edgegen_positive_half(*of_block++);
                sum += scaled;
                w += p->block / 2;
            }
            y[o] = edgegen_blockwise_result(sum, scale[r], zero[r], ends + 2 * o);
        }
        x += p->blocks * p->block;
        y += p->units;
    }
}

#endif
