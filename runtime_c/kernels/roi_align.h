/* Boxes of images, each pooled to a grid of one size, on f32, portable. */
#ifndef EDGEGEN_ROI_ALIGN_H
#define EDGEGEN_ROI_ALIGN_H

#include "kernels/indices.h"

typedef struct {
    int32_t batch, in_h, in_w, channels, boxes, out_h, out_w, samples, max_samples, half_pixel, maximum;
    float scale;
} edgegen_roi_align;

/* A box along one axis: its bins begin at `start`, `step` apart, with `count` samples each. */
typedef struct {
    float start, step;
    int32_t count;
} edgegen_roi_align_side;

/* The pixels that a sample lies between, and how far from the lower to the upper; low is -1 outside of the image. */
typedef struct {
    int32_t low, high;
    float fraction;
} edgegen_roi_align_sample;

EDGEGEN_INLINE edgegen_roi_align_side edgegen_roi_align_along(const edgegen_roi_align *p, float first, float last,
                                                              int32_t bins)
{
    const float shift = p->half_pixel ? 0.5f : 0.0f;
    edgegen_roi_align_side side = {first * p->scale - shift, 0.0f, p->samples};
    const float length = last * p->scale - shift - side.start;
    side.step = (p->half_pixel || length > 1.0f ? length : 1.0f) / (float)bins;
    if (p->samples == 0 && side.step > 0.0f) {
        const float most = (float)p->max_samples;
        side.count = side.step < most ? (int32_t)ceilf(side.step) : p->max_samples;
    }
    return side;
}

EDGEGEN_INLINE edgegen_roi_align_sample edgegen_roi_align_at(const edgegen_roi_align_side *side, int32_t bin,
                                                             int32_t k, int32_t extent)
{
    const float offset = ((float)k + 0.5f) * side->step / (float)side->count;
    const float at = side->start + (float)bin * side->step + offset;
    edgegen_roi_align_sample sample = {-1, -1, 0.0f};
    if (at >= -1.0f && at <= (float)extent) {
        const float inside = at > 0.0f ? at : 0.0f;
        sample.low = edgegen_min_s32((int32_t)inside, extent - 1);
        sample.high = edgegen_min_s32(sample.low + 1, extent - 1);
        sample.fraction = sample.low < extent - 1 ? inside - (float)sample.low : 0.0f;
    }
    return sample;
}

/* Adds a sample of `image` to y[channels], or replaces what is smaller. */
EDGEGEN_INLINE void edgegen_roi_align_add(const edgegen_roi_align *p, const float *image,
                                          const edgegen_roi_align_sample *sy, const edgegen_roi_align_sample *sx,
                                          int32_t first, float *y)
{
    const int32_t inside = sy->low >= 0 && sx->low >= 0;
    const int32_t upper = (inside ? sy->low : 0) * p->in_w, lower = (inside ? sy->high : 0) * p->in_w;
    const int32_t left = inside ? sx->low : 0, right = inside ? sx->high : 0;
    const float fy = sy->fraction, fx = sx->fraction;
    for (int32_t c = 0; c < p->channels; c++) {
        const float a = image[(upper + left) * p->channels + c] * ((1.0f - fy) * (1.0f - fx));
        const float b = image[(upper + right) * p->channels + c] * ((1.0f - fy) * fx);
        const float d = image[(lower + left) * p->channels + c] * (fy * (1.0f - fx));
        const float e = image[(lower + right) * p->channels + c] * (fy * fx);
        if (p->maximum) {
            const float most = inside ? fmaxf(fmaxf(a, b), fmaxf(d, e)) : 0.0f;
            y[c] = first || most > y[c] ? most : y[c];
        } else if (inside) {
            y[c] += a + b + d + e;
        }
    }
}

/* x[batch,in_h,in_w,channels], boxes[boxes][x1, y1, x2, y2], images[boxes] -> y[boxes,out_h,out_w,channels] */
EDGEGEN_KERNEL void roi_align_f32(const edgegen_roi_align *p, const float *x, const float *boxes,
                                  const int64_t *images, float *y)
{
    for (int32_t r = 0; r < p->boxes; r++, boxes += 4) {
        const float *image = x + edgegen_bounded_s64(images[r], p->batch) * p->in_h * p->in_w * p->channels;
        const edgegen_roi_align_side columns = edgegen_roi_align_along(p, boxes[0], boxes[2], p->out_w);
        const edgegen_roi_align_side rows = edgegen_roi_align_along(p, boxes[1], boxes[3], p->out_h);
        const int32_t count = edgegen_max_s32(rows.count * columns.count, 1);
        for (int32_t i = 0; i < p->out_h; i++)
        for (int32_t j = 0; j < p->out_w; j++) {
            memset(y, 0, (size_t)p->channels * sizeof *y);
            for (int32_t k = 0; k < rows.count * columns.count; k++) {
                const edgegen_roi_align_sample sy = edgegen_roi_align_at(&rows, i, k / columns.count, p->in_h);
                const edgegen_roi_align_sample sx = edgegen_roi_align_at(&columns, j, k % columns.count, p->in_w);
                edgegen_roi_align_add(p, image, &sy, &sx, k == 0, y);
            }
            for (int32_t c = 0; c < p->channels && !p->maximum; c++) {
                y[c] /= (float)count;
            }
            y += p->channels;
        }
    }
}

#endif
