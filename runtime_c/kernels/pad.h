/* Padding with a constant, any type. */
#ifndef EDGEGEN_PAD_H
#define EDGEGEN_PAD_H

#include "edgegen.h"

/* Five loops over rows of y, outermost first; a row holds left, run and right elements. */
typedef struct {
    int32_t count[5], first[5], inside[5]; /* rows [first, first + inside) of `count` hold values of x */
    int32_t left, run, right, bytes;       /* bytes: of an element */
    int64_t value;                         /* the element's bits */
} edgegen_pad;

EDGEGEN_INLINE uint8_t *edgegen_pad_fill(uint8_t *y, int32_t count, int32_t bytes, int64_t value)
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
    return y + count * bytes;
}

EDGEGEN_INLINE int edgegen_pad_inside(const edgegen_pad *p, int axis, int32_t i)
{
    return i >= p->first[axis] && i < p->first[axis] + p->inside[axis];
}

EDGEGEN_KERNEL void pad(const edgegen_pad *p, const void *x, void *y)
{
    const uint8_t *from = (const uint8_t *)x;
    uint8_t *to = (uint8_t *)y;
    const int32_t row = p->left + p->run + p->right;
    const size_t run = (size_t)(p->run * p->bytes);
    for (int32_t a = 0; a < p->count[0]; a++)
    for (int32_t b = 0; b < p->count[1]; b++)
    for (int32_t c = 0; c < p->count[2]; c++)
    for (int32_t d = 0; d < p->count[3]; d++)
    for (int32_t e = 0; e < p->count[4]; e++) {
        const int inside = edgegen_pad_inside(p, 0, a) && edgegen_pad_inside(p, 1, b) && edgegen_pad_inside(p, 2, c) &&
                           edgegen_pad_inside(p, 3, d) && edgegen_pad_inside(p, 4, e);
        if (!inside) {
            to = edgegen_pad_fill(to, row, p->bytes, p->value);
            continue;
        }
        to = edgegen_pad_fill(to, p->left, p->bytes, p->value);
        memcpy(to, from, run);
        from += run;
        to = edgegen_pad_fill(to + run, p->right, p->bytes, p->value);
    }
}

#endif
