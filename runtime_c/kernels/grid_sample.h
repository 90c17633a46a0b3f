/* An image or volume read wherever a grid of coordinates says, on f32, portable. */
#ifndef EDGEGEN_GRID_SAMPLE_H
#define EDGEGEN_GRID_SAMPLE_H

#include "edgegen.h"

/* extent: width, height, depth; interpolation: 0 nearest, 1 linear, 2 cubic; padding: 0 zeros, 1 border, 2 reflection */
typedef struct {
    int32_t batch, extent[3], channels, points, coordinates, interpolation, padding, align_corners;
} edgegen_grid_sample;

/* The voxels that a point reads along one axis; a place of -1 is outside. */
typedef struct {
    int32_t count, place[4];
    float weight[4];
} edgegen_grid_sample_taps;

/* A coordinate reflected at the volume's border until it lies in it. */
EDGEGEN_INLINE float edgegen_grid_sample_reflect(const edgegen_grid_sample *p, float at, int32_t extent)
{
    const float low = p->align_corners ? 0.0f : -0.5f, span = (float)extent - (p->align_corners ? 1.0f : 0.0f);
    if (span <= 0.0f) {
        return 0.0f;
    }
    const float along = fmodf(fabsf(at - low), 2.0f * span);
    return along >= 0.0f ? low + (along > span ? 2.0f * span - along : along) : low; /* not a number: low */
}

/* The coordinate as one of `extent` voxels, moved to where the padding says; before a cubic window's voxels are moved
 * one by one it is at most four voxels beside the volume, or one period of the reflections. */
EDGEGEN_INLINE float edgegen_grid_sample_at(const edgegen_grid_sample *p, float coordinate, int32_t extent)
{
    const float n = (float)extent, margin = p->interpolation == 2 ? 4.0f : 0.0f;
    float at = p->align_corners ? (coordinate + 1.0f) / 2.0f * (n - 1.0f) : ((coordinate + 1.0f) * n - 1.0f) / 2.0f;
    at = p->interpolation == 0 ? rintf(at) : at;
    if (p->padding == 0) {
        return at > -4.0f && at < n + 4.0f ? at : -4.0f;
    }
    if (p->padding == 1) {
        const float high = p->interpolation == 2 ? n + margin : n - 1.0f;
        return at > -margin ? (at < high ? at : high) : -margin;
    }
    if (p->interpolation != 2) {
        return edgegen_grid_sample_reflect(p, at, extent);
    }
    const int32_t period = 2 * (p->align_corners ? extent - 1 : extent);
    const float within = fmodf(at, (float)edgegen_max_s32(period, 1));
    return within > -(float)period - 1.0f ? within : 0.0f; /* not a number: 0 */
}

EDGEGEN_INLINE int32_t edgegen_grid_sample_place(const edgegen_grid_sample *p, int32_t place, int32_t extent)
{
    if (p->padding == 0) {
        return place >= 0 && place < extent ? place : -1;
    }
    if (p->padding == 2) {
        place = (int32_t)rintf(edgegen_grid_sample_reflect(p, (float)place, extent));
    }
    return edgegen_clamp_s32(place, 0, extent - 1);
}

/* Cubic convolution with the coefficient -0.75 of voxels at most 1, and more than 1, away. */
EDGEGEN_INLINE float edgegen_grid_sample_near(float d) { return (1.25f * d - 2.25f) * d * d + 1.0f; }
EDGEGEN_INLINE float edgegen_grid_sample_far(float d) { return ((-0.75f * d + 3.75f) * d - 6.0f) * d + 3.0f; }

EDGEGEN_INLINE edgegen_grid_sample_taps edgegen_grid_sample_around(const edgegen_grid_sample *p, float coordinate,
                                                                   int32_t extent)
{
    edgegen_grid_sample_taps taps = {1, {0, 0, 0, 0}, {1.0f, 0.0f, 0.0f, 0.0f}};
    const float at = edgegen_grid_sample_at(p, coordinate, extent), base = floorf(at), f = at - base;
    int32_t first = (int32_t)base;
    if (p->interpolation == 0) {
        first = (int32_t)rintf(at);
    } else if (p->interpolation == 1) {
        taps.count = 2;
        taps.weight[0] = 1.0f - f;
        taps.weight[1] = f;
    } else {
        taps.count = 4;
        first -= 1;
        taps.weight[0] = edgegen_grid_sample_far(f + 1.0f);
        taps.weight[1] = edgegen_grid_sample_near(f);
        taps.weight[2] = edgegen_grid_sample_near(1.0f - f);
        taps.weight[3] = edgegen_grid_sample_far(2.0f - f);
    }
    for (int32_t t = 0; t < taps.count; t++) {
        taps.place[t] = edgegen_grid_sample_place(p, first + t, extent);
    }
    return taps;
}

/* x[batch,depth,height,width,channels], grid[batch,points,coordinates] -> y[batch,points,channels] */
EDGEGEN_KERNEL void grid_sample_f32(const edgegen_grid_sample *p, const float *x, const float *grid, float *y)
{
    for (int32_t n = 0; n < p->batch; n++) {
        for (int32_t i = 0; i < p->points; i++) {
            const edgegen_grid_sample_taps none = {1, {0, 0, 0, 0}, {1.0f, 0.0f, 0.0f, 0.0f}};
            const edgegen_grid_sample_taps tx = edgegen_grid_sample_around(p, grid[0], p->extent[0]);
            const edgegen_grid_sample_taps ty = edgegen_grid_sample_around(p, grid[1], p->extent[1]);
            const edgegen_grid_sample_taps tz =
                p->coordinates > 2 ? edgegen_grid_sample_around(p, grid[2], p->extent[2]) : none;
            for (int32_t c = 0; c < p->channels; c++) {
                y[c] = 0.0f;
            }
            for (int32_t kz = 0; kz < tz.count; kz++)
            for (int32_t ky = 0; ky < ty.count; ky++)
            for (int32_t kx = 0; kx < tx.count; kx++) {
                if (tx.place[kx] < 0 || ty.place[ky] < 0 || tz.place[kz] < 0) {
                    continue;
                }
                const int32_t voxel = (tz.place[kz] * p->extent[1] + ty.place[ky]) * p->extent[0] + tx.place[kx];
                const float weight = tz.weight[kz] * ty.weight[ky] * tx.weight[kx];
                for (int32_t c = 0; c < p->channels; c++) {
                    y[c] += x[voxel * p->channels + c] * weight;
                }
            }
            grid += p->coordinates;
            y += p->channels;
        }
        x += p->extent[0] * p->extent[1] * p->extent[2] * p->channels;
    }
}

#endif
