/* SVDF of s8 with a state of s16 for the DSP extension. next may be state. */
#ifndef EDGEGEN_SVDF_S8_DSP_H
#define EDGEGEN_SVDF_S8_DSP_H

#include "simd/dsp_products.h"

/* rank: filters of a unit; remember, output: multiplier and shift of sums over features, and over time
 * apart: see edgegen_dsp_products; block: units whose features are computed at a time
 * sums: where in scratch their sums lie, behind a padded copy of x if its rows are not whole quads */
typedef struct {
    int32_t batch, depth, units, rank, memory;
    int32_t remember[2], state_zero;
    int32_t output[2], zero_point, low, high;
    int32_t apart, block, sums;
} edgegen_svdf_s8_dsp;

/* Drops a filter's oldest number and appends `fresh`; the sum of products with `times`, in whole pairs, on `acc`. */
EDGEGEN_INLINE int32_t edgegen_svdf_remember(const int16_t *state, int32_t fresh, const int16_t *times, int32_t memory,
                                             int16_t *next, int32_t acc)
{
    int32_t m = 0;
    for (; m + 9 <= memory; m += 8) {
        for (int32_t k = m; k < m + 8; k += 2) {
            const uint32_t pair = edgegen_dsp_load(state + k + 1);
            memcpy(next + k, &pair, sizeof pair);
            acc = edgegen_dsp_dot(pair, edgegen_dsp_load(times + k), acc);
        }
    }
    for (; m + 3 <= memory; m += 2) {
        const uint32_t pair = edgegen_dsp_load(state + m + 1);
        memcpy(next + m, &pair, sizeof pair);
        acc = edgegen_dsp_dot(pair, edgegen_dsp_load(times + m), acc);
    }
    const uint32_t last = m + 2 <= memory ? edgegen_dsp_pair(state[m + 1], fresh) : edgegen_dsp_pair(fresh, 0);
    if (m + 2 <= memory) {
        next[m] = state[m + 1];
    }
    next[memory - 1] = (int16_t)fresh;
    return edgegen_dsp_dot(last, edgegen_dsp_load(times + m), acc);
}

/* features: see edgegen_dsp_products; times[units * rank][memory, rounded up to even]; bias[units]
 * y may lie over rows of x that were read */
EDGEGEN_KERNEL void svdf_s8_s16_dsp(const edgegen_svdf_s8_dsp *p, const int8_t *x, const int16_t *state,
                                    const int32_t *features, const int16_t *times, const int32_t *bias,
                                    uint8_t *scratch, int8_t *y, int16_t *next)
{
    const int32_t pairs = p->memory + p->memory % 2;
    int32_t *const sums = (int32_t *)(void *)(scratch + p->sums);
    for (int32_t b = 0; b < p->batch; b++) {
        const int8_t *const row = edgegen_dsp_whole_quads(x, p->depth, scratch);
        const int16_t *time = times;
        const int32_t *feature = features;
        for (int32_t first = 0; first < p->units; first += p->block) {
            const int32_t end = p->units - first < p->block ? p->units : first + p->block;
            const int32_t *sum = sums;
            feature = edgegen_dsp_products(row, feature, p->depth, ((end - first) * p->rank + 3) / 4 * 4, p->apart,
                                           sums);
            for (int32_t u = first; u < end; u++) {
                int32_t acc = bias[u];
                for (int32_t r = 0; r < p->rank; r++) {
                    const int32_t scaled = edgegen_requantize(*sum++, p->remember[0], p->remember[1]);
                    const int32_t fresh = (int16_t)(edgegen_dsp_saturate_s16(scaled) + p->state_zero);
                    acc = edgegen_svdf_remember(state, fresh, time, p->memory, next, acc);
                    time += pairs;
                    state += p->memory;
                    next += p->memory;
                }
                const int32_t scaled = edgegen_requantize(acc, p->output[0], p->output[1]) + p->zero_point;
                *y++ = (int8_t)edgegen_clamp_s32(scaled, p->low, p->high);
            }
        }
        x += p->depth;
    }
}

#endif
