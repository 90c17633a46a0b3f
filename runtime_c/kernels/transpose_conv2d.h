/* Transposed convolution, portable: any strides, padding, size of the output and layout order. */
#ifndef EDGEGEN_TRANSPOSE_CONV2D_H
#define EDGEGEN_TRANSPOSE_CONV2D_H

#include "kernels/image_loops.h"
#include "kernels/sum_s16.h"

/* Strides in_stride and out_stride are in elements along n, h, w, c. backward: from the last number of the output to the
 * first. */
#define EDGEGEN_TRANSPOSE_CONV2D_GEOMETRY                                                                              \
    int32_t batch, in_h, in_w, out_h, out_w;                                                                           \
    int32_t units, kernel_h, kernel_w, depth;                                                                          \
    int32_t stride_h, stride_w, pad_top, pad_left;                                                                     \
    int32_t in_stride[4], out_stride[4], backward

typedef struct {
    EDGEGEN_TRANSPOSE_CONV2D_GEOMETRY;
    int32_t x_zero, weight_offset, zero_point, low, high;
} edgegen_transpose_conv2d_s8;

typedef struct {
    EDGEGEN_TRANSPOSE_CONV2D_GEOMETRY;
    edgegen_output_s16 output;
} edgegen_transpose_conv2d_s16;

typedef struct {
    EDGEGEN_TRANSPOSE_CONV2D_GEOMETRY;
    float low, high;
} edgegen_transpose_conv2d_f32;

/* Along one axis: which of `size` inputs reaches the place `at` of the padded output through a tap; -1 if none. */
EDGEGEN_INLINE int32_t edgegen_transpose_conv2d_source(int32_t at, int32_t tap, int32_t stride, int32_t size)
{
    const int32_t from = at - tap;
    return from >= 0 && from % stride == 0 && from / stride < size ? from / stride : -1;
}

/* A kernel's body: each output gathers what a model's order of pixels of x would scatter to it, in that order, so that
 * taps run backwards. `start`, then products with `weight`, then `finish` on acc, for output channel o. */
#define EDGEGEN_TRANSPOSE_CONV2D(x_type, weight_type, sum_type, x_zero, weight, start, finish)                         \
    EDGEGEN_EACH_OUTPUT(p->units) {                                                                                    \
        sum_type acc = (start);                                                                                        \
        for (int32_t ky = p->kernel_h - 1; ky >= 0; ky--) {                                                            \
            const int32_t iy = edgegen_transpose_conv2d_source(oy + p->pad_top, ky, p->stride_h, p->in_h);             \
            if (iy < 0) {                                                                                              \
                continue;                                                                                              \
            }                                                                                                          \
            for (int32_t kx = p->kernel_w - 1; kx >= 0; kx--) {                                                        \
                const int32_t ix = edgegen_transpose_conv2d_source(ox + p->pad_left, kx, p->stride_w, p->in_w);        \
                if (ix < 0) {                                                                                          \
                    continue;                                                                                          \
                }                                                                                                      \
                const x_type *in = x + n * p->in_stride[0] + iy * p->in_stride[1] + ix * p->in_stride[2];              \
                const weight_type *w = weights + ((o * p->kernel_h + ky) * p->kernel_w + kx) * p->depth;               \
                for (int32_t c = 0; c < p->depth; c++) {                                                               \
                    acc += (in[c * p->in_stride[3]] - (x_zero)) * (weight);                                            \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
        y[n * p->out_stride[0] + oy * p->out_stride[1] + ox * p->out_stride[2] + o * p->out_stride[3]] = (finish);     \
    }

/* Defines the kernel `name`: x[n,h,w,depth] * weights[units,kh,kw,depth] + epilogue -> y, requantized by a function;
 * epilogue[units][3]: bias, multiplier, shift. And `name`_offset: the same with weights + weight_offset. */
#define EDGEGEN_TRANSPOSE_CONV2D_S8(name, requantize)                                                                  \
    EDGEGEN_KERNEL void name(const edgegen_transpose_conv2d_s8 *p, const int8_t *x, const int8_t *weights,             \
                             const int32_t *epilogue, int8_t *y)                                                       \
    {                                                                                                                  \
        EDGEGEN_TRANSPOSE_CONV2D(                                                                                      \
            int8_t, int8_t, int32_t, p->x_zero, w[c], epilogue[3 * o],                                                 \
            (int8_t)edgegen_clamp_s32(requantize(acc, epilogue[3 * o + 1], epilogue[3 * o + 2]) + p->zero_point,       \
                                      p->low, p->high))                                                                \
    }                                                                                                                  \
    EDGEGEN_KERNEL void name##_offset(const edgegen_transpose_conv2d_s8 *p, const int8_t *x, const int8_t *weights,    \
                                      const int32_t *epilogue, int8_t *y)                                              \
    {                                                                                                                  \
        EDGEGEN_TRANSPOSE_CONV2D(                                                                                      \
            int8_t, int8_t, int32_t, p->x_zero, w[c] + p->weight_offset, epilogue[3 * o],                              \
            (int8_t)edgegen_clamp_s32(requantize(acc, epilogue[3 * o + 1], epilogue[3 * o + 2]) + p->zero_point,       \
                                      p->low, p->high))                                                                \
    }

EDGEGEN_TRANSPOSE_CONV2D_S8(transpose_conv2d_s8, edgegen_requantize)
EDGEGEN_TRANSPOSE_CONV2D_S8(transpose_conv2d_s8_scaled, edgegen_requantize_scaled)

/* The same on s16, + bias[units]; scale[units][2]: multiplier, shift. */
EDGEGEN_KERNEL void transpose_conv2d_s16(const edgegen_transpose_conv2d_s16 *p, const int16_t *x,
                                         const int8_t *weights, const int64_t *bias, const int32_t *scale, int16_t *y)
{
    EDGEGEN_TRANSPOSE_CONV2D(int16_t, int8_t, int64_t, 0, w[c], bias[o],
                             edgegen_finish_s16(&p->output, acc, scale + 2 * o))
}

/* The same on f32, + bias[units]. */
EDGEGEN_KERNEL void transpose_conv2d_f32(const edgegen_transpose_conv2d_f32 *p, const float *x, const float *weights,
                                         const float *bias, float *y)
{
    EDGEGEN_TRANSPOSE_CONV2D(float, float, float, 0.0f, w[c], 0.0f, edgegen_clamp_f32(acc + bias[o], p->low, p->high))
}

#endif
