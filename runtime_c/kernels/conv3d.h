/* Convolutions over volumes, plain and transposed, on f32, portable. */
#ifndef EDGEGEN_CONV3D_H
#define EDGEGEN_CONV3D_H

#include "edgegen.h"

/* Triples are depth, height, width. */
typedef struct {
    int32_t batch, in[3], out[3], kernel[3], stride[3], dilation[3], pad[3], depth, units;
    float low, high;
} edgegen_conv3d;

/* Along one axis: the voxel of x that tap `tap` of place `at` of the output sees; -1 if none. */
EDGEGEN_INLINE int32_t edgegen_conv3d_seen(const edgegen_conv3d *p, int axis, int32_t at, int32_t tap)
{
    const int32_t from = at * p->stride[axis] - p->pad[axis] + tap * p->dilation[axis];
    return from >= 0 && from < p->in[axis] ? from : -1;
}

/* The same where x is spread: the voxel whose tap `tap` reaches the place. */
EDGEGEN_INLINE int32_t edgegen_conv3d_spread(const edgegen_conv3d *p, int axis, int32_t at, int32_t tap)
{
    const int32_t from = at + p->pad[axis] - tap * p->dilation[axis];
    return from >= 0 && from % p->stride[axis] == 0 && from / p->stride[axis] < p->in[axis] ? from / p->stride[axis]
                                                                                             : -1;
}

/* Defines a kernel: x[batch,in,depth] * weights[units,kernel,depth] + bias[units] -> y[batch,out,units]. */
#define EDGEGEN_CONV3D(name, source)                                                                                   \
    EDGEGEN_KERNEL void name(const edgegen_conv3d *p, const float *x, const float *weights, const float *bias,         \
                             float *y)                                                                                 \
    {                                                                                                                  \
        for (int32_t n = 0; n < p->batch; n++)                                                                         \
        for (int32_t oz = 0; oz < p->out[0]; oz++)                                                                     \
        for (int32_t oy = 0; oy < p->out[1]; oy++)                                                                     \
        for (int32_t ox = 0; ox < p->out[2]; ox++)                                                                     \
        for (int32_t o = 0; o < p->units; o++) {                                                                       \
            const float *w = weights + o * p->kernel[0] * p->kernel[1] * p->kernel[2] * p->depth;                      \
            float acc = 0.0f;                                                                                          \
            for (int32_t kz = 0; kz < p->kernel[0]; kz++)                                                              \
            for (int32_t ky = 0; ky < p->kernel[1]; ky++)                                                              \
            for (int32_t kx = 0; kx < p->kernel[2]; kx++, w += p->depth) {                                             \
                const int32_t iz = source(p, 0, oz, kz), iy = source(p, 1, oy, ky), ix = source(p, 2, ox, kx);         \
                if (iz < 0 || iy < 0 || ix < 0) {                                                                      \
                    continue;                                                                                          \
                }                                                                                                      \
                const float *const in = x + (((n * p->in[0] + iz) * p->in[1] + iy) * p->in[2] + ix) * p->depth;        \
                for (int32_t c = 0; c < p->depth; c++) {                                                               \
                    acc += in[c] * w[c];                                                                               \
                }                                                                                                      \
            }                                                                                                          \
            *y++ = edgegen_clamp_f32(acc + bias[o], p->low, p->high);                                                  \
        }                                                                                                              \
    }

EDGEGEN_CONV3D(conv3d_f32, edgegen_conv3d_seen)
EDGEGEN_CONV3D(transpose_conv3d_f32, edgegen_conv3d_spread)

#endif
