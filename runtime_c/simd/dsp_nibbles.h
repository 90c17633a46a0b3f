/* Products of s8 with weights of four bits on the DSP extension. */
#ifndef EDGEGEN_SIMD_DSP_NIBBLES_H
#define EDGEGEN_SIMD_DSP_NIBBLES_H

#include "simd/dsp.h"

/* sum + 16 times 8 products. Byte i of `nibbles` has weights of bytes i and 4 + i in its lower and upper half; even and
 * odd: pairs of the first and of the last four bytes. */
EDGEGEN_INLINE int32_t edgegen_dsp_nibble_dot(uint32_t nibbles, const uint32_t even[2], const uint32_t odd[2],
                                              int32_t sum)
{
    const uint32_t first = (nibbles << 4) & UINT32_C(0xf0f0f0f0), last = nibbles & UINT32_C(0xf0f0f0f0);
    sum = edgegen_dsp_dot(edgegen_dsp_even(first), even[0], sum);
    sum = edgegen_dsp_dot(edgegen_dsp_odd(first), odd[0], sum);
    sum = edgegen_dsp_dot(edgegen_dsp_even(last), even[1], sum);
    return edgegen_dsp_dot(edgegen_dsp_odd(last), odd[1], sum);
}

/* sums of x[8 * groups] times 4 units; weights: [groups][unit], as edgegen_dsp_nibble_dot has them. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_dsp_nibble_dots(const int8_t *x, const uint32_t *weights,
                                                                    int32_t groups, int32_t sums[4])
{
    int32_t a = 0, b = 0, c = 0, d = 0;
    for (; groups > 0; groups--, x += 8, weights += 4) {
        const uint32_t first = edgegen_dsp_load(x), last = edgegen_dsp_load(x + 4);
        const uint32_t even[2] = {edgegen_dsp_even(first), edgegen_dsp_even(last)};
        const uint32_t odd[2] = {edgegen_dsp_odd(first), edgegen_dsp_odd(last)};
        a = edgegen_dsp_nibble_dot(weights[0], even, odd, a);
        b = edgegen_dsp_nibble_dot(weights[1], even, odd, b);
        c = edgegen_dsp_nibble_dot(weights[2], even, odd, c);
        d = edgegen_dsp_nibble_dot(weights[3], even, odd, d);
    }
    sums[0] = a >> 4;
    sums[1] = b >> 4;
    sums[2] = c >> 4;
    sums[3] = d >> 4;
}

#endif
