/* Values continued beyond their ends as in a mirror, any type. */
#ifndef EDGEGEN_MIRROR_PAD_H
#define EDGEGEN_MIRROR_PAD_H

#include "kernels/move.h"

/* Five loops over rows of y, outermost first; a row holds left, run and right pixels of `bytes`. Along an outer axis
 * `inside` rows of x, `step` bytes apart, start at `before` of y's `count`. edge: the outermost is not repeated.
 * rows: of y; backward: from the end of y to its start */
typedef struct {
    int32_t count[5], before[5], inside[5], step[5];
    int32_t left, run, right, bytes, edge, rows, backward;
} edgegen_mirror_pad;

/* Bytes to the row of x that row i of y shows, along one axis. */
EDGEGEN_INLINE int32_t edgegen_mirror_pad_row(const edgegen_mirror_pad *p, int axis, int32_t i)
{
    const int32_t n = p->inside[axis];
    int32_t from = i - p->before[axis];
    from = from < 0 ? p->edge - 1 - from : from;
    from = from >= n ? 2 * n - 1 - p->edge - from : from;
    return from * p->step[axis];
}

#define EDGEGEN_MIRROR_PAD_LEFT(size)                                                                                  \
    EDGEGEN_EACH(i, p->left, backward) {                                                                               \
        memcpy(to + (size_t)i * (size), row + (size_t)(p->left - 1 + p->edge - i) * (size), size);                     \
    }

#define EDGEGEN_MIRROR_PAD_RIGHT(size)                                                                                 \
    EDGEGEN_EACH(i, p->right, backward) {                                                                              \
        memcpy(to + (size_t)(p->left + p->run + i) * (size), row + (size_t)(p->run - 1 - p->edge - i) * (size), size); \
    }

#define EDGEGEN_MIRROR_PAD_SIZED(size)                                                                                 \
    EDGEGEN_EACH(a, p->count[0], backward)                                                                             \
    EDGEGEN_EACH(b, p->count[1], backward)                                                                             \
    EDGEGEN_EACH(c, p->count[2], backward)                                                                             \
    EDGEGEN_EACH(d, p->count[3], backward)                                                                             \
    EDGEGEN_EACH(e, p->count[4], backward) {                                                                           \
        const uint8_t *row = from + edgegen_mirror_pad_row(p, 0, a) + edgegen_mirror_pad_row(p, 1, b) +                \
                             edgegen_mirror_pad_row(p, 2, c) + edgegen_mirror_pad_row(p, 3, d) +                       \
                             edgegen_mirror_pad_row(p, 4, e);                                                          \
        if (backward != 0) {                                                                                           \
            EDGEGEN_MIRROR_PAD_RIGHT(size)                                                                             \
        } else {                                                                                                       \
            EDGEGEN_MIRROR_PAD_LEFT(size)                                                                              \
        }                                                                                                              \
        edgegen_move(to + (size_t)p->left * (size), row, (size_t)p->run * (size));                                     \
        if (backward != 0) {                                                                                           \
            EDGEGEN_MIRROR_PAD_LEFT(size)                                                                              \
        } else {                                                                                                       \
            EDGEGEN_MIRROR_PAD_RIGHT(size)                                                                             \
        }                                                                                                              \
        to += step;                                                                                                    \
    }

EDGEGEN_KERNEL void mirror_pad(const edgegen_mirror_pad *p, const void *x, void *y)
{
    const uint8_t *from = (const uint8_t *)x;
    const int32_t backward = p->backward, width = (p->left + p->run + p->right) * p->bytes;
    const int32_t step = backward != 0 ? -width : width;
    uint8_t *to = (uint8_t *)y + (backward != 0 ? (p->rows - 1) * width : 0);
    switch (p->bytes) { /* elements of a known size are moved in registers */
    case 1: EDGEGEN_MIRROR_PAD_SIZED(1) break;
    case 2: EDGEGEN_MIRROR_PAD_SIZED(2) break;
    case 4: EDGEGEN_MIRROR_PAD_SIZED(4) break;
    default: EDGEGEN_MIRROR_PAD_SIZED((size_t)p->bytes) break;
    }
}

#endif
