/* Pooling over volumes, any dilation, padding and size of the output, portable. */
#ifndef EDGEGEN_POOL3D_H
#define EDGEGEN_POOL3D_H

#include "edgegen.h"

/* Triples are depth, height, width. Averages divide by the places that lie among counted_before voxels before the
 * volume, the volume and counted_behind voxels behind it; place_step: what a step adds to a place in x. */
typedef struct {
    int32_t batch, in[3], out[3], kernel[3], stride[3], dilation[3], pad[3];
    int32_t counted_before[3], counted_behind[3], place_step[3], channels, power;
} edgegen_pool3d;

/* Where tap `tap` of window `at` lies along one axis; outside of the volume that is below 0 or beyond. */
EDGEGEN_INLINE int32_t edgegen_pool3d_at(const edgegen_pool3d *p, int axis, int32_t at, int32_t tap)
{
    return at * p->stride[axis] - p->pad[axis] + tap * p->dilation[axis];
}

/* How many taps of window `at` are counted along one axis. */
EDGEGEN_INLINE int32_t edgegen_pool3d_count(const edgegen_pool3d *p, int axis, int32_t at)
{
    int32_t count = 0;
    for (int32_t tap = 0; tap < p->kernel[axis]; tap++) {
        const int32_t i = edgegen_pool3d_at(p, axis, at, tap);
        count += i >= -p->counted_before[axis] && i < p->in[axis] + p->counted_behind[axis];
    }
    return count;
}

/* For each window: `start`; then `visit` each voxel that it sees, whose channels are v[c] and whose first channel has
 * the place `place`; then `finish`. */
#define EDGEGEN_POOL3D(type, start, visit, finish)                                                                     \
    const int32_t rows = p->in[1] * p->in[2], voxels = p->in[0] * rows;                                                \
    for (int32_t n = 0; n < p->batch; n++)                                                                             \
    for (int32_t oz = 0; oz < p->out[0]; oz++)                                                                         \
    for (int32_t oy = 0; oy < p->out[1]; oy++)                                                                         \
    for (int32_t ox = 0; ox < p->out[2]; ox++) {                                                                       \
        start                                                                                                          \
        for (int32_t kz = 0; kz < p->kernel[0]; kz++) {                                                                \
            const int32_t iz = edgegen_pool3d_at(p, 0, oz, kz);                                                        \
            if (iz < 0 || iz >= p->in[0]) {                                                                            \
                continue;                                                                                              \
            }                                                                                                          \
            for (int32_t ky = 0; ky < p->kernel[1]; ky++) {                                                            \
                const int32_t iy = edgegen_pool3d_at(p, 1, oy, ky);                                                    \
                if (iy < 0 || iy >= p->in[1]) {                                                                        \
                    continue;                                                                                          \
                }                                                                                                      \
                for (int32_t kx = 0; kx < p->kernel[2]; kx++) {                                                        \
                    const int32_t ix = edgegen_pool3d_at(p, 2, ox, kx);                                                \
                    if (ix < 0 || ix >= p->in[2]) {                                                                    \
                        continue;                                                                                      \
                    }                                                                                                  \
                    const type *v = x + (n * voxels + iz * rows + iy * p->in[2] + ix) * p->channels;                   \
                    visit                                                                                              \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
        finish                                                                                                         \
        y += p->channels;                                                                                              \
    }

#define EDGEGEN_POOL3D_CHANNELS(statement)                                                                             \
    for (int32_t c = 0; c < p->channels; c++) {                                                                        \
        statement;                                                                                                     \
    }

/* Defines max_pool3d and argmax_pool3d of a type whose least number is `least`. */
#define EDGEGEN_MAX_POOL3D(suffix, type, least)                                                                        \
    EDGEGEN_KERNEL void max_pool3d_##suffix(const edgegen_pool3d *p, const type *x, type *y)                           \
    {                                                                                                                  \
        EDGEGEN_POOL3D(type, EDGEGEN_POOL3D_CHANNELS(y[c] = least),                                                    \
                       EDGEGEN_POOL3D_CHANNELS(y[c] = v[c] > y[c] ? v[c] : y[c]), )                                    \
    }                                                                                                                  \
                                                                                                                       \
    EDGEGEN_KERNEL void argmax_pool3d_##suffix(const edgegen_pool3d *p, const type *x, type *y, int64_t *place)        \
    {                                                                                                                  \
        EDGEGEN_POOL3D(                                                                                                \
            type, EDGEGEN_POOL3D_CHANNELS(y[c] = least; place[c] = -1),                                                \
            const int32_t first = n * voxels * p->channels + iz * p->place_step[0] + iy * p->place_step[1] +           \
                                  ix * p->place_step[2];                                                               \
            EDGEGEN_POOL3D_CHANNELS(if (v[c] > y[c] || place[c] < 0) { y[c] = v[c]; place[c] = first + c; }),          \
            place += p->channels;)                                                                                     \
    }

EDGEGEN_MAX_POOL3D(f32, float, -EDGEGEN_INFINITY)
EDGEGEN_MAX_POOL3D(f64, double, -(double)EDGEGEN_INFINITY)
EDGEGEN_MAX_POOL3D(s8, int8_t, INT8_MIN)
EDGEGEN_MAX_POOL3D(u8, uint8_t, 0)

/* Defines average_pool3d and lp_pool3d of a type whose functions of <math.h> `math` names. */
#define EDGEGEN_SUM_POOL3D(suffix, type, math)                                                                         \
    EDGEGEN_INLINE type edgegen_pool3d_power_##suffix(type v, int32_t power)                                           \
    {                                                                                                                  \
        return power == 1 ? math(fabs)(v) : power == 2 ? v * v : math(pow)(math(fabs)(v), (type)power);                \
    }                                                                                                                  \
                                                                                                                       \
    EDGEGEN_INLINE type edgegen_pool3d_root_##suffix(type v, int32_t power)                                            \
    {                                                                                                                  \
        return power == 1 ? v : power == 2 ? math(sqrt)(v) : math(pow)(v, (type)1 / (type)power);                      \
    }                                                                                                                  \
                                                                                                                       \
    EDGEGEN_KERNEL void average_pool3d_##suffix(const edgegen_pool3d *p, const type *x, type *y)                       \
    {                                                                                                                  \
        EDGEGEN_POOL3D(type, EDGEGEN_POOL3D_CHANNELS(y[c] = 0), EDGEGEN_POOL3D_CHANNELS(y[c] += v[c]),                 \
                       const type count = (type)(edgegen_pool3d_count(p, 0, oz) * edgegen_pool3d_count(p, 1, oy) *     \
                                                 edgegen_pool3d_count(p, 2, ox));                                      \
                       EDGEGEN_POOL3D_CHANNELS(y[c] /= count))                                                         \
    }                                                                                                                  \
                                                                                                                       \
    EDGEGEN_KERNEL void lp_pool3d_##suffix(const edgegen_pool3d *p, const type *x, type *y)                            \
    {                                                                                                                  \
        EDGEGEN_POOL3D(type, EDGEGEN_POOL3D_CHANNELS(y[c] = 0),                                                        \
                       EDGEGEN_POOL3D_CHANNELS(y[c] += edgegen_pool3d_power_##suffix(v[c], p->power)),                 \
                       EDGEGEN_POOL3D_CHANNELS(y[c] = edgegen_pool3d_root_##suffix(y[c], p->power)))                   \
    }

EDGEGEN_SUM_POOL3D(f32, float, EDGEGEN_MATH_F32)
EDGEGEN_SUM_POOL3D(f64, double, EDGEGEN_MATH_F64)

#endif
