/* Pooling on f32, portable: any strides, padding and layout order. */
#ifndef EDGEGEN_POOL2D_F32_H
#define EDGEGEN_POOL2D_F32_H

#include "kernels/pool2d.h"

/* x[n,h,w,c] -> y: the average of each window's pixels on the image. */
EDGEGEN_KERNEL void average_pool2d_f32(const edgegen_pool2d_f32 *p, const float *x, float *y)
{
    for (int32_t n = 0; n < p->batch; n++)
    for (int32_t oy = 0; oy < p->out_h; oy++)
    for (int32_t ox = 0; ox < p->out_w; ox++) {
        const edgegen_span rows = edgegen_window(oy, p->stride_h, p->pad_top, p->kernel_h, p->in_h);
        const edgegen_span columns = edgegen_window(ox, p->stride_w, p->pad_left, p->kernel_w, p->in_w);
        const float count = (float)((rows.end - rows.first) * (columns.end - columns.first));
        for (int32_t c = 0; c < p->channels; c++) {
            const float *in = x + n * p->in_stride[0] + c * p->in_stride[3];
            float sum = 0.0f;
            for (int32_t iy = rows.first; iy < rows.end; iy++) {
                for (int32_t ix = columns.first; ix < columns.end; ix++) {
                    sum += in[iy * p->in_stride[1] + ix * p->in_stride[2]];
                }
            }
            y[n * p->out_stride[0] + oy * p->out_stride[1] + ox * p->out_stride[2] + c * p->out_stride[3]] =
                edgegen_clamp_f32(sum / count, p->low, p->high);
        }
    }
}

/* x[n,h,w,c] -> y: the largest of each window's pixels on the image. */
EDGEGEN_KERNEL void max_pool2d_f32(const edgegen_pool2d_f32 *p, const float *x, float *y)
{
    for (int32_t n = 0; n < p->batch; n++)
    for (int32_t oy = 0; oy < p->out_h; oy++)
    for (int32_t ox = 0; ox < p->out_w; ox++) {
        const edgegen_span rows = edgegen_window(oy, p->stride_h, p->pad_top, p->kernel_h, p->in_h);
        const edgegen_span columns = edgegen_window(ox, p->stride_w, p->pad_left, p->kernel_w, p->in_w);
        for (int32_t c = 0; c < p->channels; c++) {
            const float *in = x + n * p->in_stride[0] + c * p->in_stride[3];
            float most = -EDGEGEN_INFINITY;
            for (int32_t iy = rows.first; iy < rows.end; iy++) {
                for (int32_t ix = columns.first; ix < columns.end; ix++) {
                    const float v = in[iy * p->in_stride[1] + ix * p->in_stride[2]];
                    most = v > most ? v : most;
                }
            }
            y[n * p->out_stride[0] + oy * p->out_stride[1] + ox * p->out_stride[2] + c * p->out_stride[3]] =
                edgegen_clamp_f32(most, p->low, p->high);
        }
    }
}

/* x[n,h,w,c] -> y: the root of the average square of each window's pixels on the image. */
EDGEGEN_KERNEL void l2_pool2d_f32(const edgegen_pool2d_f32 *p, const float *x, float *y)
{
    for (int32_t n = 0; n < p->batch; n++)
    for (int32_t oy = 0; oy < p->out_h; oy++)
    for (int32_t ox = 0; ox < p->out_w; ox++) {
        const edgegen_span rows = edgegen_window(oy, p->stride_h, p->pad_top, p->kernel_h, p->in_h);
        const edgegen_span columns = edgegen_window(ox, p->stride_w, p->pad_left, p->kernel_w, p->in_w);
        const float count = (float)((rows.end - rows.first) * (columns.end - columns.first));
        for (int32_t c = 0; c < p->channels; c++) {
            const float *in = x + n * p->in_stride[0] + c * p->in_stride[3];
            float sum = 0.0f;
            for (int32_t iy = rows.first; iy < rows.end; iy++) {
                for (int32_t ix = columns.first; ix < columns.end; ix++) {
                    const float v = in[iy * p->in_stride[1] + ix * p->in_stride[2]];
                    sum += v * v;
                }
            }
            y[n * p->out_stride[0] + oy * p->out_stride[1] + ox * p->out_stride[2] + c * p->out_stride[3]] =
                edgegen_clamp_f32(sqrtf(sum / count), p->low, p->high);
        }
    }
}

#endif
