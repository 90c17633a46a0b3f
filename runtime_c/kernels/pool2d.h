/* Parameters of pooling. */
#ifndef EDGEGEN_POOL2D_H
#define EDGEGEN_POOL2D_H

#include "kernels/image_loops.h"

/* Strides are in elements along n, h, w, c. */
#define EDGEGEN_POOL2D_GEOMETRY                                                                                        \
    int32_t batch, in_h, in_w, out_h, out_w, channels;                                                                 \
    int32_t kernel_h, kernel_w, stride_h, stride_w, pad_top, pad_left;                                                 \
    int32_t in_stride[4], out_stride[4]

/* x_zero, zero_point, factor: of an average that gets a scale of its own: the zero points of x and of the result and
 * what sums of a whole window are multiplied by */
typedef struct {
    EDGEGEN_POOL2D_GEOMETRY;
    int32_t low, high, x_zero, zero_point;
    float factor;
} edgegen_pool2d_s8;

typedef edgegen_pool2d_s8 edgegen_pool2d_integer; /* the same for integers of other widths */

typedef struct {
    EDGEGEN_POOL2D_GEOMETRY;
    float low, high;
} edgegen_pool2d_f32;

/* What the sums of `count` pixels of a window of `whole` are multiplied by. */
EDGEGEN_INLINE float edgegen_average_factor(float factor, int32_t whole, int32_t count)
{
    const float all = factor * (float)whole;
    return count == whole ? factor : all / (float)count;
}

/* The part of a window along one axis that lies on the image: first pixel and one past the last. */
typedef struct {
    int32_t first, end;
} edgegen_span;

/* Window `out` of `kernel` pixels, `stride` apart, over `size` pixels that `pad` come before. */
EDGEGEN_INLINE edgegen_span edgegen_window(int32_t out, int32_t stride, int32_t pad, int32_t kernel, int32_t size)
{
    const int32_t origin = out * stride - pad;
    const edgegen_span span = {edgegen_max_s32(origin, 0), edgegen_min_s32(origin + kernel, size)};
    return span;
}

/* Defines a portable kernel x[n,h,w,c] -> y. Along each window's pixels v on the image, of which there are `count`, it
 * computes acc = step from acc = start; the result is `finish`, which may use what `prepare` declares. */
#define EDGEGEN_POOL2D(kernel, params, type, sum, prepare, start, step, finish)                                        \
    EDGEGEN_KERNEL void kernel(const params *p, const type *x, type *y)                                                \
    {                                                                                                                  \
        EDGEGEN_EACH_PIXEL {                                                                                           \
            const edgegen_span rows = edgegen_window(oy, p->stride_h, p->pad_top, p->kernel_h, p->in_h);               \
            const edgegen_span columns = edgegen_window(ox, p->stride_w, p->pad_left, p->kernel_w, p->in_w);           \
            const int32_t count = (rows.end - rows.first) * (columns.end - columns.first);                             \
            prepare;                                                                                                   \
            for (int32_t o = 0; o < p->channels; o++) {                                                                \
                sum acc = start;                                                                                       \
                for (int32_t iy = rows.first; iy < rows.end; iy++)                                                     \
                for (int32_t ix = columns.first; ix < columns.end; ix++) {                                             \
                    const type v = x[EDGEGEN_TAP(o)];                                                                  \
                    acc = step;                                                                                        \
                }                                                                                                      \
                y[EDGEGEN_OUTPUT(o)] = finish;                                                                         \
            }                                                                                                          \
        }                                                                                                              \
    }

#endif
