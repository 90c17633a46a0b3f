/* Depthwise convolution on images quantized at run time for the DSP extension, one filter a channel. */
#ifndef EDGEGEN_HYBRID_DEPTHWISE_CONV2D_DSP_H
#define EDGEGEN_HYBRID_DEPTHWISE_CONV2D_DSP_H

#include "kernels/depthwise_conv2d_s8_dsp.h"
#include "kernels/hybrid.h"

typedef struct {
    int32_t images;
    edgegen_depthwise_conv2d_s8_dsp conv; /* of one image with zero point 0, giving accumulators */
    edgegen_hybrid_output output;
} edgegen_hybrid_depthwise_conv2d_dsp;

/* scale[n] * (x[n,h,w,c] - zero[n]) filtered by stream -> y; stream: as depthwise_conv2d_s8_dsp's, factors[channels][2]:
 * scale and bias. Every window lies over the image by at least one tap. */
EDGEGEN_KERNEL void hybrid_depthwise_conv2d_dsp(const edgegen_hybrid_depthwise_conv2d_dsp *p, const int8_t *x,
                                                const float *scale, const int32_t *zero, const int32_t *stream,
                                                const float *factors, float *y)
{
    edgegen_depthwise_conv2d_s8_dsp conv = p->conv;
    const int32_t pixels = conv.out_h * conv.out_w;
    for (int32_t n = 0; n < p->images; n++) {
        conv.x_zero = zero[n]; /* which is subtracted from every tap */
        edgegen_depthwise_dsp_run(&conv, x, stream, (int32_t)sizeof *y, (uint8_t *)y);
        edgegen_hybrid_finish(&p->output, pixels, conv.channels, scale[n], 0, NULL, factors, y);
        x += conv.in_h * conv.in_w * conv.channels;
        y += pixels * conv.channels;
    }
}

#endif
