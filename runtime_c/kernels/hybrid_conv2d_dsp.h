/* Convolution on images quantized at run time for the DSP extension: the s8 layer's accumulators become floats. */
#ifndef EDGEGEN_HYBRID_CONV2D_DSP_H
#define EDGEGEN_HYBRID_CONV2D_DSP_H

#include "kernels/conv2d_s8_dsp.h"
#include "kernels/hybrid.h"

typedef struct {
    int32_t images, image_size;
    edgegen_conv2d_s8_dsp conv; /* of one image with zero point 0, giving accumulators */
    edgegen_hybrid_output output;
} edgegen_hybrid_conv2d_dsp;

/* scale[n] * (x[n,h,w,c] - zero[n]) * stream -> y; stream: as conv2d_s8_dsp's; factors[units][2]: scale and bias,
 * sums[units]: of the weights, which a zero point is multiplied by, since pixels outside of an image read as it. */
EDGEGEN_KERNEL void hybrid_conv2d_dsp(const edgegen_hybrid_conv2d_dsp *p, const int8_t *x, const float *scale,
                                      const int32_t *zero, const int32_t *stream, const float *factors,
                                      const int32_t *sums, uint8_t *scratch, float *y)
{
    edgegen_conv2d_s8_dsp conv = p->conv;
    const int32_t pixels = conv.out_h * conv.out_w;
    for (int32_t n = 0; n < p->images; n++) {
        conv.x_zero = zero[n];
        edgegen_conv2d_s8_dsp_run(&conv, x, stream, scratch, (int32_t)sizeof *y, (uint8_t *)y);
        edgegen_hybrid_finish(&p->output, pixels, conv.units, scale[n], zero[n], sums, factors, y);
        x += p->image_size;
        y += pixels * conv.units;
    }
}

#endif
