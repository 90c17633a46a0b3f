/* An object detector's boxes and scores to the few detections that it means, portable.
 *
 * Candidates leave a heap best first, so that only those that are reached are decoded and compared with the boxes kept
 * so far: the same detections as from sorting, decoding and comparing all. */
#ifndef EDGEGEN_DETECTION_POSTPROCESS_H
#define EDGEGEN_DETECTION_POSTPROCESS_H

#include "edgegen.h"

typedef struct {
    int32_t boxes, box_step, classes, class_step;
    int32_t offset; /* the first class's place among the scores of a box */
    int32_t detections, per_box, per_class;
    int32_t categories; /* classes written for each box, at most per_box */
    float y_scale, x_scale, h_scale, w_scale, score_threshold, iou_threshold;
    float box_scale, box_zero, score_scale, score_zero, anchor_scale, anchor_zero; /* of integers */
} edgegen_detection;

typedef struct {
    float top, left, bottom, right;
} edgegen_box;

/* Box `at`, f32, of encoded boxes and anchors. */
typedef edgegen_box (*edgegen_decoder)(const edgegen_detection *p, const void *boxes, const void *anchors, int32_t at);

/* Candidates of one class, as a heap: order[0] is the best of order[0..count); score of every box. */
typedef struct {
    const float *score;
    int32_t *order;
    int32_t count;
} edgegen_candidates;

/* What is searched for boxes: encoded boxes and how to read them. */
typedef struct {
    const edgegen_detection *p;
    const void *boxes, *anchors;
    edgegen_decoder decode;
} edgegen_detector;

EDGEGEN_INLINE edgegen_box edgegen_decode_box(const edgegen_detection *p, const float *e, const float *a)
{
    const float y = (float)((double)e[0] / (double)p->y_scale * (double)a[2] + (double)a[0]);
    const float x = (float)((double)e[1] / (double)p->x_scale * (double)a[3] + (double)a[1]);
    const float h = (float)(0.5 * exp((double)e[2] / (double)p->h_scale) * (double)a[2]);
    const float w = (float)(0.5 * exp((double)e[3] / (double)p->w_scale) * (double)a[3]);
    const edgegen_box box = {y - h, x - w, y + h, x + w};
    return box;
}

/* Intersection over union; each product stands alone, so that no compiler fuses it with a sum. */
EDGEGEN_INLINE float edgegen_overlap(edgegen_box a, edgegen_box b)
{
    const float area_a = (a.bottom - a.top) * (a.right - a.left);
    const float area_b = (b.bottom - b.top) * (b.right - b.left);
    const float top = a.top > b.top ? a.top : b.top, left = a.left > b.left ? a.left : b.left;
    const float bottom = a.bottom < b.bottom ? a.bottom : b.bottom, right = a.right < b.right ? a.right : b.right;
    const float height = bottom > top ? bottom - top : 0.0f, width = right > left ? right - left : 0.0f;
    const float common = height * width;
    const float both = area_a + area_b;
    return area_a <= 0.0f || area_b <= 0.0f ? 0.0f : common / (both - common);
}

/* Whether box a comes before box b: the better one, among equals the lower one. */
EDGEGEN_INLINE int edgegen_is_before(const float *score, int32_t a, int32_t b)
{
    return score[a] > score[b] || (score[a] == score[b] && a < b);
}

/* Puts order[at] where it belongs in the heap below it. */
EDGEGEN_INLINE void edgegen_sift_down(const edgegen_candidates *c, int32_t at)
{
    const int32_t moved = c->order[at];
    for (int32_t child = 2 * at + 1; child < c->count; child = 2 * at + 1) {
        if (child + 1 < c->count && edgegen_is_before(c->score, c->order[child + 1], c->order[child])) {
            child++;
        }
        if (!edgegen_is_before(c->score, c->order[child], moved)) {
            break;
        }
        c->order[at] = c->order[child];
        at = child;
    }
    c->order[at] = moved;
}

EDGEGEN_INLINE edgegen_candidates edgegen_find_candidates(const edgegen_detection *p, const float *score,
                                                          int32_t *order)
{
    edgegen_candidates c = {score, order, 0};
    for (int32_t i = 0; i < p->boxes; i++) {
        if (score[i] >= p->score_threshold) {
            order[c.count++] = i;
        }
    }
    for (int32_t at = c.count / 2 - 1; at >= 0; at--) {
        edgegen_sift_down(&c, at);
    }
    return c;
}

/* The best candidate that overlaps none of kept[count], whose boxes stand `step` floats apart; written behind them.
 * -1 if there is none. */
EDGEGEN_INLINE int32_t edgegen_keep_next(const edgegen_detector *d, edgegen_candidates *c, float *kept, int32_t count,
                                         int32_t step)
{
    while (c->count > 0) {
        const int32_t best = c->order[0];
        c->order[0] = c->order[--c->count];
        if (c->count > 0) {
            edgegen_sift_down(c, 0);
        }
        const edgegen_box box = d->decode(d->p, d->boxes, d->anchors, best);
        int32_t k = 0;
        for (; k < count; k++) {
            edgegen_box other;
            memcpy(&other, kept + k * step, sizeof(other));
            if (edgegen_overlap(other, box) > d->p->iou_threshold) {
                break;
            }
        }
        if (k == count) {
            memcpy(kept + count * step, &box, sizeof(box));
            return best;
        }
    }
    return -1;
}

/* Inserts a detection into sorted ones, behind equals; the last of a full list falls off. Returns the new count. */
EDGEGEN_INLINE int32_t edgegen_insert_detection(const edgegen_detection *p, const float *box, int32_t class_index,
                                                float score, int32_t count, float *y_boxes, float *y_classes,
                                                float *y_scores)
{
    int32_t at = count;
    while (at > 0 && y_scores[at - 1] < score) {
        at--;
    }
    const int32_t behind = edgegen_min_s32(count, p->detections - 1) - at;
    memmove(y_boxes + 4 * (at + 1), y_boxes + 4 * at, 16U * (size_t)behind);
    memmove(y_classes + at + 1, y_classes + at, 4U * (size_t)behind);
    memmove(y_scores + at + 1, y_scores + at, 4U * (size_t)behind);
    memcpy(y_boxes + 4 * at, box, 16);
    y_classes[at] = (float)class_index;
    y_scores[at] = score;
    return edgegen_min_s32(count + 1, p->detections);
}

/* One class: its detections are merged with those of the classes before. `kept` has room for its boxes. */
EDGEGEN_INLINE int32_t edgegen_merge_class(const edgegen_detector *d, edgegen_candidates *c, int32_t class_index,
                                           int32_t count, float *kept, float *y_boxes, float *y_classes,
                                           float *y_scores)
{
    const edgegen_detection *const p = d->p;
    for (int32_t k = 0; k < p->per_class; k++) {
        const int32_t box = edgegen_keep_next(d, c, kept, k, 4);
        if (box < 0 || (count == p->detections && c->score[box] <= y_scores[count - 1])) {
            break; /* what follows is no better */
        }
        count = edgegen_insert_detection(p, kept + 4 * k, class_index, c->score[box], count, y_boxes, y_classes,
                                         y_scores);
    }
    return count;
}

/* Defines the kernels detection_fast_<name> and detection_regular_<name>.
 *
 * scratch of both: score of each box, f32[boxes]; candidates, s32[boxes]; of the regular one: boxes of the class,
 * f32[per_class,4]. value(x, scale, zero): the number that x stands for */
#define EDGEGEN_DETECTION(name, type, value)                                                                           \
    EDGEGEN_INLINE edgegen_box edgegen_decode_##name(const edgegen_detection *p, const void *boxes,                    \
                                                     const void *anchors, int32_t at)                                  \
    {                                                                                                                  \
        const type *const e = (const type *)boxes + at * p->box_step, *const a = (const type *)anchors + at * 4;       \
        float encoded[4], anchor[4];                                                                                   \
        for (int32_t i = 0; i < 4; i++) {                                                                              \
            encoded[i] = value(e[i], p->box_scale, p->box_zero);                                                       \
            anchor[i] = value(a[i], p->anchor_scale, p->anchor_zero);                                                  \
        }                                                                                                              \
        return edgegen_decode_box(p, encoded, anchor);                                                                 \
    }                                                                                                                  \
                                                                                                                       \
    /* The best class of a box behind `last` in their order; last < 0: the best of all. */                             \
    EDGEGEN_INLINE int32_t edgegen_next_class_##name(const edgegen_detection *p, const type *s, int32_t last)          \
    {                                                                                                                  \
        int32_t best = -1;                                                                                             \
        for (int32_t c = 0; c < p->classes; c++) {                                                                     \
            if ((last < 0 || s[c] < s[last] || (s[c] == s[last] && c > last)) && (best < 0 || s[c] > s[best])) {       \
                best = c;                                                                                              \
            }                                                                                                          \
        }                                                                                                              \
        return best;                                                                                                   \
    }                                                                                                                  \
                                                                                                                       \
    EDGEGEN_KERNEL void detection_fast_##name(const edgegen_detection *p, const type *boxes, const type *scores,       \
                                              const type *anchors, uint8_t *scratch, float *y_boxes,                   \
                                              float *y_classes, float *y_scores, float *y_count)                       \
    {                                                                                                                  \
        const edgegen_detector d = {p, boxes, anchors, edgegen_decode_##name};                                         \
        float *const score = (float *)(void *)scratch;                                                                 \
        for (int32_t i = 0; i < p->boxes; i++) {                                                                       \
            const type *const s = scores + i * p->class_step + p->offset;                                              \
            type most = s[0];                                                                                          \
            for (int32_t c = 1; c < p->classes; c++) {                                                                 \
                most = s[c] > most ? s[c] : most;                                                                      \
            }                                                                                                          \
            score[i] = value(most, p->score_scale, p->score_zero);                                                     \
        }                                                                                                              \
        edgegen_candidates c = edgegen_find_candidates(p, score, (int32_t *)(void *)(scratch + 4 * p->boxes));         \
        int32_t count = 0, row = 0;                                                                                    \
        for (; count < p->detections; count++) {                                                                       \
            const int32_t box = edgegen_keep_next(&d, &c, y_boxes, count, 4 * p->categories);                          \
            if (box < 0) {                                                                                             \
                break;                                                                                                 \
            }                                                                                                          \
            const type *const s = scores + box * p->class_step + p->offset;                                            \
            int32_t last = -1;                                                                                         \
            for (int32_t k = 0; k < p->categories; k++, row++) {                                                       \
                last = edgegen_next_class_##name(p, s, last);                                                          \
                memmove(y_boxes + 4 * row, y_boxes + 4 * (row - k), 16);                                               \
                y_classes[row] = (float)last;                                                                          \
                y_scores[row] = value(s[last], p->score_scale, p->score_zero);                                         \
            }                                                                                                          \
        }                                                                                                              \
        edgegen_clear_detections(p, row, y_boxes, y_classes, y_scores);                                                \
        *y_count = (float)count;                                                                                       \
    }                                                                                                                  \
                                                                                                                       \
    EDGEGEN_KERNEL void detection_regular_##name(const edgegen_detection *p, const type *boxes, const type *scores,    \
                                                 const type *anchors, uint8_t *scratch, float *y_boxes,                \
                                                 float *y_classes, float *y_scores, float *y_count)                    \
    {                                                                                                                  \
        const edgegen_detector d = {p, boxes, anchors, edgegen_decode_##name};                                         \
        float *const score = (float *)(void *)scratch;                                                                 \
        int32_t count = 0;                                                                                             \
        for (int32_t k = 0; k < p->classes; k++) {                                                                     \
            for (int32_t i = 0; i < p->boxes; i++) {                                                                   \
                score[i] = value(scores[i * p->class_step + p->offset + k], p->score_scale, p->score_zero);            \
            }                                                                                                          \
            edgegen_candidates c = edgegen_find_candidates(p, score, (int32_t *)(void *)(scratch + 4 * p->boxes));     \
            count = edgegen_merge_class(&d, &c, k, count, (float *)(void *)(scratch + 8 * p->boxes), y_boxes,          \
                                        y_classes, y_scores);                                                          \
        }                                                                                                              \
        edgegen_clear_detections(p, count, y_boxes, y_classes, y_scores);                                              \
        *y_count = (float)count;                                                                                       \
    }

/* Zeros behind the last detection. */
EDGEGEN_INLINE void edgegen_clear_detections(const edgegen_detection *p, int32_t count, float *y_boxes,
                                             float *y_classes, float *y_scores)
{
    const size_t rest = (size_t)(p->detections * p->per_box - count);
    memset(y_boxes + 4 * count, 0, 16 * rest);
    memset(y_classes + count, 0, 4 * rest);
    memset(y_scores + count, 0, 4 * rest);
}

#define EDGEGEN_DETECTION_AS_IT_IS(x, scale, zero) (x)
#define EDGEGEN_DETECTION_DEQUANTIZED(x, scale, zero) (((float)(x) - (zero)) * (scale))

EDGEGEN_DETECTION(f32, float, EDGEGEN_DETECTION_AS_IT_IS)
EDGEGEN_DETECTION(u8, uint8_t, EDGEGEN_DETECTION_DEQUANTIZED)

#endif
