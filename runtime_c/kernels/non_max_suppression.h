/* Which of many boxes stand for an object each, on f32, portable. */
#ifndef EDGEGEN_NON_MAX_SUPPRESSION_H
#define EDGEGEN_NON_MAX_SUPPRESSION_H

#include "edgegen.h"

typedef struct {
    int32_t boxes, most;
    float score, overlap, decay; /* least score, exclusive; overlap that drops a box; 0 or the decay of scores */
} edgegen_non_max_suppression;

/* Along one side: from low to high, whichever way the corners stand. */
typedef struct {
    float low, high;
} edgegen_side;

EDGEGEN_INLINE edgegen_side edgegen_box_side(const float *box, int axis)
{
    const float a = box[axis], b = box[axis + 2];
    const edgegen_side side = {a < b ? a : b, a < b ? b : a};
    return side;
}

/* Intersection over union; each product stands alone, so that no compiler fuses it with a sum. */
EDGEGEN_INLINE float edgegen_box_overlap(const float *a, const float *b)
{
    const edgegen_side ay = edgegen_box_side(a, 0), ax = edgegen_box_side(a, 1);
    const edgegen_side by = edgegen_box_side(b, 0), bx = edgegen_box_side(b, 1);
    const float area_a = (ay.high - ay.low) * (ax.high - ax.low), area_b = (by.high - by.low) * (bx.high - bx.low);
    const float height = (ay.high < by.high ? ay.high : by.high) - (ay.low > by.low ? ay.low : by.low);
    const float width = (ax.high < bx.high ? ax.high : bx.high) - (ax.low > bx.low ? ax.low : bx.low);
    const float common = (height > 0.0f ? height : 0.0f) * (width > 0.0f ? width : 0.0f);
    const float both = area_a + area_b;
    return area_a <= 0.0f || area_b <= 0.0f ? 0.0f : common / (both - common);
}

/* The first of the best boxes that are still candidates (seen >= 0); -1 if there is none. */
EDGEGEN_INLINE int32_t edgegen_best_box(int32_t boxes, const float *now, const int32_t *seen)
{
    int32_t best = -1;
    for (int32_t i = 0; i < boxes; i++) {
        if (seen[i] >= 0 && (best < 0 || now[i] > now[best])) {
            best = i;
        }
    }
    return best;
}

/* boxes[boxes,4], scores[boxes] -> index[most], score[most], count; scratch: f32[boxes], s32[boxes] */
EDGEGEN_KERNEL void non_max_suppression_f32(const edgegen_non_max_suppression *p, const float *boxes,
                                            const float *scores, uint8_t *scratch, int32_t *index, float *score,
                                            int32_t *count)
{
    float *const now = (float *)(void *)scratch;
    int32_t *const seen = (int32_t *)(void *)(scratch + 4 * p->boxes);
    int32_t kept = 0;
    for (int32_t i = 0; i < p->boxes; i++) {
        now[i] = scores[i];
        seen[i] = scores[i] > p->score ? 0 : -1;
    }
    while (kept < p->most) {
        const int32_t best = edgegen_best_box(p->boxes, now, seen);
        if (best < 0) {
            break;
        }
        const float before = now[best];
        int gone = 0;
        for (int32_t k = kept - 1; k >= seen[best] && !gone && now[best] > p->score; k--) {
            const float overlap = edgegen_box_overlap(boxes + 4 * best, boxes + 4 * index[k]);
            gone = overlap >= p->overlap;
            if (!gone && p->decay != 0.0f) {
                now[best] *= expf(p->decay * overlap * overlap);
            }
        }
        const int unchanged = !(now[best] < before) && !(now[best] > before);
        seen[best] = kept;
        if (gone || unchanged || !(now[best] > p->score)) {
            seen[best] = -1;
        }
        if (!gone && unchanged) {
            index[kept] = best;
            score[kept++] = before;
        }
    }
    *count = kept;
    memset(index + kept, 0, 4U * (size_t)(p->most - kept));
    memset(score + kept, 0, 4U * (size_t)(p->most - kept));
}

#endif
