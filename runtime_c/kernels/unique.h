/* Different slices along one axis, portable. */
#ifndef EDGEGEN_UNIQUE_H
#define EDGEGEN_UNIQUE_H

#include "edgegen.h"

/* x[outer, length, inner], of the shape `extent` */
typedef struct {
    int32_t outer, length, inner, ascending, rank, axis;
    int32_t extent[8];
} edgegen_unique;

/* NaN follows all numbers. */
#define EDGEGEN_BEFORE_FLOAT(a, b) ((a) < (b) || (!isnan(a) && isnan(b)))
#define EDGEGEN_BEFORE_INTEGER(a, b) ((a) < (b))

/* Slices are compared element by element; `order` holds them in rising order, equal ones by their index. The number of
 * a slice's group is written to `group`, at the group's first slice. */
#define EDGEGEN_UNIQUE(name, type, before)                                                                             \
    EDGEGEN_INLINE int32_t edgegen_compared_##name(const edgegen_unique *p, const type *x, int32_t a, int32_t b)       \
    {                                                                                                                  \
        for (int32_t o = 0; o < p->outer; o++, x += p->length * p->inner) {                                            \
            for (int32_t i = 0; i < p->inner; i++) {                                                                   \
                const type left = x[a * p->inner + i], right = x[b * p->inner + i];                                    \
                if (before(left, right) || before(right, left)) {                                                      \
                    return before(left, right) ? -1 : 1;                                                               \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
        return 0;                                                                                                      \
    }                                                                                                                  \
    EDGEGEN_INLINE int edgegen_follows_##name(const edgegen_unique *p, const type *x, int32_t a, int32_t b)            \
    {                                                                                                                  \
        const int32_t order = edgegen_compared_##name(p, x, a, b);                                                     \
        return order > 0 || (order == 0 && a > b);                                                                     \
    }                                                                                                                  \
    EDGEGEN_INLINE void edgegen_sink_##name(const edgegen_unique *p, const type *x, int32_t *heap, int32_t at,         \
                                            int32_t size)                                                              \
    {                                                                                                                  \
        const int32_t moved = heap[at];                                                                                \
        for (int32_t below = 2 * at + 1; below < size; below = 2 * at + 1) {                                           \
            if (below + 1 < size && edgegen_follows_##name(p, x, heap[below + 1], heap[below])) {                      \
                below++;                                                                                               \
            }                                                                                                          \
            if (!edgegen_follows_##name(p, x, heap[below], moved)) {                                                   \
                break;                                                                                                 \
            }                                                                                                          \
            heap[at] = heap[below];                                                                                    \
            at = below;                                                                                                \
        }                                                                                                              \
        heap[at] = moved;                                                                                              \
    }                                                                                                                  \
    EDGEGEN_INLINE void edgegen_sorted_##name(const edgegen_unique *p, const type *x, int32_t *order)                  \
    {                                                                                                                  \
        for (int32_t i = 0; i < p->length; i++) {                                                                      \
            order[i] = i;                                                                                              \
        }                                                                                                              \
        for (int32_t i = p->length / 2 - 1; i >= 0; i--) {                                                             \
            edgegen_sink_##name(p, x, order, i, p->length);                                                            \
        }                                                                                                              \
        for (int32_t i = p->length - 1; i > 0; i--) {                                                                  \
            const int32_t last = order[i];                                                                             \
            order[i] = order[0];                                                                                       \
            order[0] = last;                                                                                           \
            edgegen_sink_##name(p, x, order, 0, i);                                                                    \
        }                                                                                                              \
    }                                                                                                                  \
    EDGEGEN_KERNEL void unique_##name(const edgegen_unique *p, const type *x, uint8_t *scratch, type *y,               \
                                      int64_t *shape, int64_t *first, int64_t *inverse, int64_t *counts,               \
                                      int64_t *number)                                                                 \
    {                                                                                                                  \
        int32_t *const order = (int32_t *)(void *)scratch, *const group = order + p->length;                           \
        int32_t groups = 0;                                                                                            \
        edgegen_sorted_##name(p, x, order);                                                                            \
        for (int32_t i = 0; i < p->length; i++) { /* inverse: each slice's first equal */                              \
            const int same = i > 0 && edgegen_compared_##name(p, x, order[i - 1], order[i]) == 0;                      \
            inverse[order[i]] = same ? inverse[order[i - 1]] : order[i];                                               \
            group[order[i]] = same ? -1 : groups;                                                                      \
            groups += !same;                                                                                           \
        }                                                                                                              \
        for (int32_t i = 0, next = 0; i < p->length && !p->ascending; i++) {                                           \
            group[i] = group[i] >= 0 ? next++ : -1;                                                                    \
        }                                                                                                              \
        memset(first, 0, (size_t)p->length * sizeof(int64_t));                                                         \
        memset(counts, 0, (size_t)p->length * sizeof(int64_t));                                                        \
        for (int32_t i = 0; i < p->length; i++) {                                                                      \
            if (group[i] >= 0) {                                                                                       \
                first[group[i]] = i;                                                                                   \
            }                                                                                                          \
            inverse[i] = group[inverse[i]];                                                                            \
            counts[inverse[i]]++;                                                                                      \
        }                                                                                                              \
        for (int32_t o = 0; o < p->outer; o++) {                                                                       \
            for (int32_t g = 0; g < groups; g++, y += p->inner) {                                                      \
                memcpy(y, x + (o * p->length + (int32_t)first[g]) * p->inner, (size_t)p->inner * sizeof(type));        \
            }                                                                                                          \
        }                                                                                                              \
        memset(y, 0, (size_t)(p->length - groups) * (size_t)(p->outer * p->inner) * sizeof(type));                     \
        for (int32_t i = 0; i < p->rank; i++) {                                                                        \
            shape[i] = i == p->axis ? groups : p->extent[i];                                                           \
        }                                                                                                              \
        *number = groups;                                                                                              \
    }

EDGEGEN_UNIQUE(f32, float, EDGEGEN_BEFORE_FLOAT)
EDGEGEN_UNIQUE(f64, double, EDGEGEN_BEFORE_FLOAT)
EDGEGEN_UNIQUE(s8, int8_t, EDGEGEN_BEFORE_INTEGER)
EDGEGEN_UNIQUE(u8, uint8_t, EDGEGEN_BEFORE_INTEGER)
EDGEGEN_UNIQUE(s16, int16_t, EDGEGEN_BEFORE_INTEGER)
EDGEGEN_UNIQUE(s32, int32_t, EDGEGEN_BEFORE_INTEGER)
EDGEGEN_UNIQUE(s64, int64_t, EDGEGEN_BEFORE_INTEGER)
EDGEGEN_UNIQUE(u64, uint64_t, EDGEGEN_BEFORE_INTEGER)

#endif
