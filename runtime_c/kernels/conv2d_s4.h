/* Convolution on s8 with weights of four bits, portable: any strides, dilation, padding, groups and layout order. */
#ifndef EDGEGEN_CONV2D_S4_H
#define EDGEGEN_CONV2D_S4_H

#include "kernels/conv2d.h"
#include "kernels/nibbles.h"

typedef struct {
    EDGEGEN_CONV2D_GEOMETRY;
    int32_t x_zero, zero_point, low, high;
} edgegen_conv2d_s4;

/* Defines `name`: the sum of (x - zero) * weights of one output pixel and unit, for params of `type`. */
#define EDGEGEN_CONV2D_S4_SUM(name, type)                                                                              \
    EDGEGEN_INLINE int32_t name(const type *p, const int8_t *image, int32_t zero, const uint8_t *weights, int32_t oy,  \
                                int32_t ox, int32_t o)                                                                 \
    {                                                                                                                  \
        const int32_t first = o / p->group_units * p->depth, pairs = (p->depth + 1) / 2;                               \
        int32_t acc = 0;                                                                                               \
        for (int32_t ky = 0; ky < p->kernel_h; ky++) {                                                                 \
            const int32_t iy = oy * p->stride_h + ky * p->dilation_h - p->pad_top;                                     \
            if (iy < 0 || iy >= p->in_h) {                                                                             \
                continue;                                                                                              \
            }                                                                                                          \
            for (int32_t kx = 0; kx < p->kernel_w; kx++) {                                                             \
                const int32_t ix = ox * p->stride_w + kx * p->dilation_w - p->pad_left;                                \
                if (ix < 0 || ix >= p->in_w) {                                                                         \
                    continue;                                                                                          \
                }                                                                                                      \
                const int8_t *in = image + iy * p->in_stride[1] + ix * p->in_stride[2] + first * p->in_stride[3];      \
                const uint8_t *w = weights + ((o * p->kernel_h + ky) * p->kernel_w + kx) * pairs;                      \
                for (int32_t c = 0; c < p->depth; c++) {                                                               \
                    acc += (in[c * p->in_stride[3]] - zero) * edgegen_nibble(w, c);                                    \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
        return acc;                                                                                                    \
    }

EDGEGEN_CONV2D_S4_SUM(edgegen_conv2d_s4_sum, edgegen_conv2d_s4)

/* x[n,h,w,c] * weights[units,kh,kw,(depth+1)/2] + epilogue -> y; epilogue[units][3]: bias, multiplier, shift. */
EDGEGEN_KERNEL void conv2d_s4(const edgegen_conv2d_s4 *p, const int8_t *x, const uint8_t *weights,
                              const int32_t *epilogue, int8_t *y)
{
    for (int32_t n = 0; n < p->batch; n++)
    for (int32_t oy = 0; oy < p->out_h; oy++)
    for (int32_t ox = 0; ox < p->out_w; ox++)
    for (int32_t o = 0; o < p->units; o++) {
        const int8_t *image = x + n * p->in_stride[0];
        const int32_t acc = epilogue[3 * o] + edgegen_conv2d_s4_sum(p, image, p->x_zero, weights, oy, ox, o);
        const int32_t scaled = edgegen_requantize(acc, epilogue[3 * o + 1], epilogue[3 * o + 2]) + p->zero_point;
        y[n * p->out_stride[0] + oy * p->out_stride[1] + ox * p->out_stride[2] + o * p->out_stride[3]] =
            (int8_t)edgegen_clamp_s32(scaled, p->low, p->high);
    }
}

#endif
