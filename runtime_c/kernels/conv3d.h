/* Convolutions over volumes, plain and transposed, in groups, on f32 and f64, portable. */
#ifndef EDGEGEN_CONV3D_H
#define EDGEGEN_CONV3D_H

#include "edgegen.h"

/* Triples are depth, height, width. Filters read `depth` of the `channels` of x, `group_units` of them the same. */
#define EDGEGEN_CONV3D_GEOMETRY                                                                                        \
    int32_t batch, in[3], out[3], kernel[3], stride[3], dilation[3], pad[3], channels, depth, units, group_units

typedef struct {
    EDGEGEN_CONV3D_GEOMETRY;
    float low, high;
} edgegen_conv3d_f32;

typedef struct {
    EDGEGEN_CONV3D_GEOMETRY;
    double low, high;
} edgegen_conv3d_f64;

/* Along one axis: the voxel of x that tap `tap` of place `at` of the output sees; -1 if none. */
EDGEGEN_INLINE int32_t edgegen_conv3d_seen(int32_t at, int32_t tap, int32_t stride, int32_t dilation, int32_t pad,
                                           int32_t size)
{
    const int32_t from = at * stride - pad + tap * dilation;
    return from >= 0 && from < size ? from : -1;
}

/* The same where x is spread: the voxel whose tap `tap` reaches the place. */
EDGEGEN_INLINE int32_t edgegen_conv3d_spread(int32_t at, int32_t tap, int32_t stride, int32_t dilation, int32_t pad,
                                             int32_t size)
{
    const int32_t from = at + pad - tap * dilation;
    return from >= 0 && from % stride == 0 && from / stride < size ? from / stride : -1;
}

#define EDGEGEN_CONV3D_VOXEL(source, axis, at, tap)                                                                    \
    source(at, tap, p->stride[axis], p->dilation[axis], p->pad[axis], p->in[axis])

/* Defines a kernel: x[batch,in,channels] * weights[units,kernel,depth] + bias[units] -> y[batch,out,units]. */
#define EDGEGEN_CONV3D(name, suffix, type, source)                                                                     \
    EDGEGEN_KERNEL void name##_##suffix(const edgegen_conv3d_##suffix *p, const type *x, const type *weights,          \
                                        const type *bias, type *y)                                                     \
    {                                                                                                                  \
        for (int32_t n = 0; n < p->batch; n++)                                                                         \
        for (int32_t oz = 0; oz < p->out[0]; oz++)                                                                     \
        for (int32_t oy = 0; oy < p->out[1]; oy++)                                                                     \
        for (int32_t ox = 0; ox < p->out[2]; ox++)                                                                     \
        for (int32_t o = 0; o < p->units; o++) {                                                                       \
            const type *w = weights + o * p->kernel[0] * p->kernel[1] * p->kernel[2] * p->depth;                       \
            const int32_t first = o / p->group_units * p->depth;                                                       \
            type acc = 0;                                                                                              \
            for (int32_t kz = 0; kz < p->kernel[0]; kz++)                                                              \
            for (int32_t ky = 0; ky < p->kernel[1]; ky++)                                                              \
            for (int32_t kx = 0; kx < p->kernel[2]; kx++, w += p->depth) {                                             \
                const int32_t iz = EDGEGEN_CONV3D_VOXEL(source, 0, oz, kz);                                            \
                const int32_t iy = EDGEGEN_CONV3D_VOXEL(source, 1, oy, ky);                                            \
                const int32_t ix = EDGEGEN_CONV3D_VOXEL(source, 2, ox, kx);                                            \
                if (iz < 0 || iy < 0 || ix < 0) {                                                                      \
                    continue;                                                                                          \
                }                                                                                                      \
                const type *const in =                                                                                 \
                    x + (((n * p->in[0] + iz) * p->in[1] + iy) * p->in[2] + ix) * p->channels + first;                 \
                for (int32_t c = 0; c < p->depth; c++) {                                                               \
                    acc += in[c] * w[c];                                                                               \
                }                                                                                                      \
            }                                                                                                          \
            *y++ = edgegen_clamp_##suffix(acc + bias[o], p->low, p->high);                                             \
        }                                                                                                              \
    }

EDGEGEN_CONV3D(conv3d, f32, float, edgegen_conv3d_seen)
EDGEGEN_CONV3D(conv3d, f64, double, edgegen_conv3d_seen)
EDGEGEN_CONV3D(transpose_conv3d, f32, float, edgegen_conv3d_spread)
EDGEGEN_CONV3D(transpose_conv3d, f64, double, edgegen_conv3d_spread)

#endif
