/* Padding with a constant, any type. */
#ifndef EDGEGEN_PAD_H
#define EDGEGEN_PAD_H

#include "kernels/move.h"

/* Five loops over rows of y, outermost first; a row holds left, run and right elements.
 * rows: of x and of y; backward: from the end of y to its start */
typedef struct {
    int32_t count[5], first[5], inside[5]; /* rows [first, first + inside) of `count` hold values of x */
    int32_t left, run, right, bytes;       /* bytes: of an element */
    int32_t x_rows, y_rows, backward;
    int64_t value; /* the element's bits */
} edgegen_pad;

EDGEGEN_INLINE void edgegen_pad_fill(uint8_t *y, int32_t count, int32_t bytes, int64_t value)
{
    if (bytes == 1) {
        memset(y, (int)(value & 255), (size_t)count);
    } else if (bytes == 2) {
        const uint16_t v = (uint16_t)value;
        for (int32_t i = 0; i < count; i++) {
            memcpy(y + 2 * i, &v, 2);
        }
    } else if (bytes == 4) {
        const uint32_t v = (uint32_t)value;
        for (int32_t i = 0; i < count; i++) {
            memcpy(y + 4 * i, &v, 4);
        }
    } else {
        for (int32_t i = 0; i < count; i++) {
            memcpy(y + 8 * i, &value, 8);
        }
    }
}

EDGEGEN_INLINE int edgegen_pad_inside(const edgegen_pad *p, int axis, int32_t i)
{
    return i >= p->first[axis] && i < p->first[axis] + p->inside[axis];
}

EDGEGEN_KERNEL void pad(const edgegen_pad *p, const void *x, void *y)
{
    const int32_t row = (p->left + p->run + p->right) * p->bytes, run = p->run * p->bytes, backward = p->backward;
    const int32_t right = (p->left + p->run) * p->bytes;
    const uint8_t *from = (const uint8_t *)x + (backward != 0 ? (p->x_rows - 1) * run : 0);
    uint8_t *to = (uint8_t *)y + (backward != 0 ? (p->y_rows - 1) * row : 0);
    EDGEGEN_EACH(a, p->count[0], backward)
    EDGEGEN_EACH(b, p->count[1], backward)
    EDGEGEN_EACH(c, p->count[2], backward)
    EDGEGEN_EACH(d, p->count[3], backward)
    EDGEGEN_EACH(e, p->count[4], backward) {
        const int inside = edgegen_pad_inside(p, 0, a) && edgegen_pad_inside(p, 1, b) && edgegen_pad_inside(p, 2, c) &&
                           edgegen_pad_inside(p, 3, d) && edgegen_pad_inside(p, 4, e);
        if (!inside) {
            edgegen_pad_fill(to, p->left + p->run + p->right, p->bytes, p->value);
        } else if (backward != 0) {
            edgegen_pad_fill(to + right, p->right, p->bytes, p->value);
            edgegen_move(to + p->left * p->bytes, from, (size_t)run);
            edgegen_pad_fill(to, p->left, p->bytes, p->value);
            from -= run;
        } else {
            edgegen_pad_fill(to, p->left, p->bytes, p->value);
            edgegen_move(to + p->left * p->bytes, from, (size_t)run);
            edgegen_pad_fill(to + right, p->right, p->bytes, p->value);
            from += run;
        }
        to += backward != 0 ? -row : row;
    }
}

#endif
