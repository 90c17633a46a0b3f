/* Depthwise convolution on f32 whose weights are codes, portable: all filters are decoded once a run. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_F32_STORED_H
#define EDGEGEN_DEPTHWISE_CONV2D_F32_STORED_H

#include "kernels/depthwise_conv2d_f32.h"
#include "kernels/stored.h"

typedef struct {
    edgegen_depthwise_conv2d_f32 conv;
    edgegen_stored stored;
} edgegen_depthwise_conv2d_f32_stored;

/* As depthwise_conv2d_f32; codes[channels,kh,kw]; scratch: floats of all filters, then of one. */
EDGEGEN_KERNEL void depthwise_conv2d_f32_stored(const edgegen_depthwise_conv2d_f32_stored *p, const float *x,
                                                const void *codes, const float *scales, const uint8_t *zeros,
                                                const float *bias, uint8_t *scratch, float *y)
{
    const int32_t channels = p->conv.channels, taps = p->stored.length;
    float *const filters = (float *)(void *)scratch, *const one = filters + taps * channels;
    for (int32_t c = 0; c < channels; c++) {
        edgegen_decode_row(&p->stored, codes, scales, zeros, c, 0, taps, one);
        for (int32_t t = 0; t < taps; t++) {
            filters[t * channels + c] = one[t];
        }
    }
    depthwise_conv2d_f32(&p->conv, x, filters, bias, y);
}

#endif
