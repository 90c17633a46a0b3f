/* Convolution on f32 whose weights are codes, portable: each filter is decoded once a run. */
#ifndef EDGEGEN_CONV2D_F32_STORED_H
#define EDGEGEN_CONV2D_F32_STORED_H

#include "kernels/conv2d_f32.h"
#include "kernels/stored.h"

typedef struct {
    edgegen_conv2d_f32 conv;
    edgegen_stored stored;
} edgegen_conv2d_f32_stored;

/* As conv2d_f32; scratch: floats of one filter. */
EDGEGEN_KERNEL void conv2d_f32_stored(const edgegen_conv2d_f32_stored *p, const float *x, const void *codes,
                                      const float *scales, const uint8_t *zeros, const float *bias, uint8_t *scratch,
                                      float *y)
{
    float *const filter = (float *)(void *)scratch;
    edgegen_conv2d_f32 one = p->conv;
    one.units = one.group_units = 1;
    for (int32_t o = 0; o < p->conv.units; o++) {
        const int32_t first = EDGEGEN_FIRST_CHANNEL(&p->conv, o);
        edgegen_decode_row(&p->stored, codes, scales, zeros, o, 0, p->stored.length, filter);
        conv2d_f32(&one, x + first * p->conv.in_stride[3], filter, bias + o, y + o * p->conv.out_stride[3]);
    }
}

#endif
