/* f32 layers whose weights are stored in half precision, portable: each filter is expanded once a run. */
#ifndef EDGEGEN_HALVES_H
#define EDGEGEN_HALVES_H

#include "kernels/conv2d_f32.h"
#include "kernels/dense.h"
#include "kernels/depthwise_conv2d_f32.h"
#include "kernels/half.h"

EDGEGEN_INLINE void edgegen_expand_halves(const uint16_t *halves, int32_t count, float *to)
{
    for (int32_t i = 0; i < count; i++) {
        to[i] = edgegen_from_half(halves[i]);
    }
}

/* As conv2d_f32; scratch: floats of one filter. */
EDGEGEN_KERNEL void conv2d_f32_half(const edgegen_conv2d_f32 *p, const float *x, const uint16_t *weights,
                                    const float *bias, uint8_t *scratch, float *y)
{
    float *const filter = (float *)(void *)scratch;
    const int32_t size = p->kernel_h * p->kernel_w * p->depth;
    edgegen_conv2d_f32 one = *p;
    one.units = one.group_units = 1;
    for (int32_t o = 0; o < p->units; o++) {
        edgegen_expand_halves(weights + o * size, size, filter);
        conv2d_f32(&one, x + EDGEGEN_FIRST_CHANNEL(p, o) * p->in_stride[3], filter, bias + o,
                   y + o * p->out_stride[3]);
    }
}

/* As depthwise_conv2d_f32; scratch: floats of all filters. */
EDGEGEN_KERNEL void depthwise_conv2d_f32_half(const edgegen_depthwise_conv2d_f32 *p, const float *x,
                                              const uint16_t *weights, const float *bias, uint8_t *scratch, float *y)
{
    float *const filters = (float *)(void *)scratch;
    edgegen_expand_halves(weights, p->kernel_h * p->kernel_w * p->channels, filters);
    depthwise_conv2d_f32(p, x, filters, bias, y);
}

/* As dense_f32; scratch: floats of one unit's weights. */
EDGEGEN_KERNEL void dense_f32_half(const edgegen_dense_f32 *p, const float *x, const uint16_t *weights,
                                   const float *bias, uint8_t *scratch, float *y)
{
    float *const w = (float *)(void *)scratch;
    for (int32_t o = 0; o < p->units; o++) {
        edgegen_expand_halves(weights + o * p->depth, p->depth, w);
        for (int32_t r = 0; r < p->rows; r++) {
            const float *const row = x + r * p->depth;
            float acc = 0.0f;
            for (int32_t k = 0; k < p->depth; k++) {
                acc += row[k] * w[k];
            }
            y[r * p->units + o] = edgegen_clamp_f32(acc + bias[o], p->low, p->high);
        }
    }
}

#endif
