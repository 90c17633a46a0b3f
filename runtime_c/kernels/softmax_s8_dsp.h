/* Softmax on s8 for the DSP extension: the maximum four at a time, probabilities by high multiplies. */
#ifndef EDGEGEN_SOFTMAX_S8_DSP_H
#define EDGEGEN_SOFTMAX_S8_DSP_H

#include "kernels/reciprocal.h"
#include "kernels/softmax.h"
#include "simd/dsp.h"

EDGEGEN_INLINE int32_t edgegen_dsp_row_maximum(const int8_t *x, int32_t count)
{
    uint32_t most = UINT32_C(0x80808080);
    int32_t k = 0;
    for (; k + 4 <= count; k += 4) {
        most = edgegen_dsp_larger(edgegen_dsp_load(x + k), most);
    }
    most = edgegen_dsp_larger(most, most >> 16 | most << 16);
    most = edgegen_dsp_larger(most, most >> 8 | most << 24);
    int32_t found = (int8_t)(most & 0xffu);
    for (; k < count; k++) {
        found = edgegen_max_s32(found, x[k]);
    }
    return found;
}

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_softmax_s8_dsp_run(const edgegen_softmax_s8 *p, const int8_t *x,
                                                                       const int32_t *exponentials, int8_t *y)
{
    for (int32_t r = 0; r < p->rows; r++) {
        const int32_t most = edgegen_dsp_row_maximum(x, p->depth);
        uint32_t sum = 0; /* 12 integer bits; exponentials are not negative, so they round half up */
        for (int32_t c = 0; c < p->depth; c++) {
            const int32_t below = most - x[c];
            if (below < p->length) {
                sum += ((uint32_t)exponentials[below] + (1u << 11)) >> 12;
            }
        }
        const int32_t zeros = edgegen_leading_zeros(sum);
        const int32_t scale = edgegen_reciprocal_of_one_plus((int32_t)((sum << zeros) - UINT32_C(0x80000000)));
        const int32_t exponent = 12 - zeros + 31 - 8;
        for (int32_t c = 0; c < p->depth; c++) {
            const int32_t below = most - x[c];
            int32_t out = -128;
            if (below < p->length && exponent <= 31) {
                /* neither factor is negative: both roundings are half up */
                const uint64_t twice = (uint64_t)((int64_t)scale * exponentials[below]) + (1u << 30);
                const uint32_t product = (uint32_t)(twice >> 31);
                out = edgegen_min_s32((int32_t)(((product >> (exponent - 1)) + 1) >> 1) - 128, 127);
            }
            y[c] = (int8_t)out;
        }
        x += p->depth;
        y += p->depth;
    }
}

/* exponentials[length]: exp of the differences 0, -1, ... from the row's maximum, times 2^31; 0 beyond. */
EDGEGEN_KERNEL void softmax_s8_dsp(const edgegen_softmax_s8 *p, const int8_t *x, const int32_t *exponentials, int8_t *y)
{
    edgegen_softmax_s8_dsp_run(p, x, exponentials, y);
}

#endif
