/* Dense layer on rows quantized at run time, weights of four bits with a scale for each block of a row, portable. */
#ifndef EDGEGEN_BLOCKWISE_DENSE_H
#define EDGEGEN_BLOCKWISE_DENSE_H

#include "kernels/nibbles.h"

/* blocks: in a row; block: their size, which is even */
typedef struct {
    int32_t rows, units, blocks, block;
} edgegen_blockwise_dense;

/* A positive finite half-precision number: its bits, moved to where those of an f32 are, make it 2^112 too small. */
EDGEGEN_INLINE float edgegen_positive_half(uint16_t half)
{
    const uint32_t bits = (uint32_t)half << 13;
    float small;
    memcpy(&small, &bits, sizeof small);
    return small * 5.192296858534828e33f; /* 2^112 */
}

/* scale[r] * (x[rows,depth] - zero[r]) times weights[units,depth/2] with scales[units,blocks] -> y[rows,units];
 * ends[units][2]: what a zero point of 1 takes from a sum, and the bias. Roundings are statements of their own, so that
 * no compiler fuses two. */
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
            const float correction = (float)zero[r] * ends[2 * o];
            const float corrected = sum - correction;
            const float real = corrected * scale[r];
            y[o] = real + ends[2 * o + 1];
        }
        x += p->blocks * p->block;
        y += p->units;
    }
}

#endif
