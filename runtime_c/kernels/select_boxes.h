/* Non-maximum suppression over all classes of all images, on f32, portable. */
#ifndef EDGEGEN_SELECT_BOXES_H
#define EDGEGEN_SELECT_BOXES_H

#include "kernels/non_max_suppression.h"

typedef struct {
    int32_t images, classes, boxes, most;
    float score, overlap;
} edgegen_select_boxes;

/* boxes[images, boxes, 4], scores[images, classes, boxes] -> y[n, 3], of which the rest is 0, and its shape */
EDGEGEN_KERNEL void select_boxes_f32(const edgegen_select_boxes *p, const float *boxes, const float *scores,
                                     uint8_t *scratch, int64_t *y, int64_t *shape)
{
    const edgegen_non_max_suppression one = {p->boxes, p->most, p->score, p->overlap, 0.0f};
    int32_t *const index = (int32_t *)(void *)scratch;
    float *const kept = (float *)(void *)(scratch + 4 * p->most);
    int64_t found = 0;
    for (int32_t image = 0; image < p->images; image++) {
        for (int32_t class_ = 0; class_ < p->classes; class_++) {
            const float *of = scores + (image * p->classes + class_) * p->boxes;
            int32_t count = 0;
            non_max_suppression_f32(&one, boxes + 4 * image * p->boxes, of, scratch + 8 * p->most, index, kept,
                                    &count);
            for (int32_t k = 0; k < count; k++, found++, y += 3) {
                y[0] = image;
                y[1] = class_;
                y[2] = index[k];
            }
        }
    }
    memset(y, 0, 3 * sizeof(int64_t) * (size_t)((int64_t)p->images * p->classes * p->most - found));
    shape[0] = found;
    shape[1] = 3;
}

#endif
