/* Values continued beyond their ends as in a mirror, any type. */
#ifndef EDGEGEN_MIRROR_PAD_H
#define EDGEGEN_MIRROR_PAD_H

#include "edgegen.h"

/* Five loops over rows of y, outermost first; a row holds left, run and right pixels of `bytes`. Along an outer axis
 * `inside` rows of x, `step` bytes apart, start at `before` of y's `count`. edge: the outermost is not repeated. */
typedef struct {
    int32_t count[5], before[5], inside[5], step[5];
    int32_t left, run, right, bytes, edge;
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

#define EDGEGEN_MIRROR_PAD_SIZED(size)                                                                                 \
    for (int32_t a = 0; a < p->count[0]; a++)                                                                          \
    for (int32_t b = 0; b < p->count[1]; b++)                                                                          \
    for (int32_t c = 0; c < p->count[2]; c++)                                                                          \
    for (int32_t d = 0; d < p->count[3]; d++)                                                                          \
    for (int32_t e = 0; e < p->count[4]; e++) {                                                                        \
        const uint8_t *row = from + edgegen_mirror_pad_row(p, 0, a) + edgegen_mirror_pad_row(p, 1, b) +                \
                             edgegen_mirror_pad_row(p, 2, c) + edgegen_mirror_pad_row(p, 3, d) +                       \
                             edgegen_mirror_pad_row(p, 4, e);                                                          \
        for (int32_t i = p->left - 1 + p->edge; i >= p->edge; i--) {                                                   \
            memcpy(to, row + (size_t)i * (size), size);                                                                \
            to += size;                                                                                                \
        }                                                                                                              \
        memcpy(to, row, (size_t)p->run * (size));                                                                      \
        to += (size_t)p->run * (size);                                                                                 \
        for (int32_t i = 0; i < p->right; i++) {                                                                       \
            memcpy(to, row + (size_t)(p->run - 1 - p->edge - i) * (size), size);                                       \
            to += size;                                                                                                \
        }                                                                                                              \
    }

EDGEGEN_KERNEL void mirror_pad(const edgegen_mirror_pad *p, const void *x, void *y)
{
    const uint8_t *from = (const uint8_t *)x;
    uint8_t *to = (uint8_t *)y;
    switch (p->bytes) { /* elements of a known size are moved in registers */
    case 1: EDGEGEN_MIRROR_PAD_SIZED(1) break;
    case 2: EDGEGEN_MIRROR_PAD_SIZED(2) break;
    case 4: EDGEGEN_MIRROR_PAD_SIZED(4) break;
    default: EDGEGEN_MIRROR_PAD_SIZED((size_t)p->bytes) break;
    }
}

#endif
