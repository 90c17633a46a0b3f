/* Parameters of image resizing. */
#ifndef EDGEGEN_RESIZE_H
#define EDGEGEN_RESIZE_H

#include "edgegen.h"

/* depth: of a pixel, in bytes for resize_nearest, in elements otherwise; backward: from the last pixel of y to the first */
typedef struct {
    int32_t batch, in_h, in_w, out_h, out_w, depth, backward;
} edgegen_resize;

/* The pixels n, oy, ox of y, from either end: `row` finds what those of a row of x's `image` need, `pixel` computes the
 * depth elements from y on. */
#define EDGEGEN_RESIZE_EACH(p, type, row, pixel)                                                                       \
    const int32_t backward = (p)->backward, next = backward != 0 ? -(p)->depth : (p)->depth;                           \
    y += backward != 0 ? ((p)->batch * (p)->out_h * (p)->out_w - 1) * (p)->depth : 0;                                  \
    EDGEGEN_EACH(n, (p)->batch, backward) {                                                                            \
        const type *const image = x + n * (p)->in_h * (p)->in_w * (p)->depth;                                          \
        EDGEGEN_EACH(oy, (p)->out_h, backward) {                                                                       \
            row                                                                                                        \
            EDGEGEN_EACH(ox, (p)->out_w, backward) {                                                                   \
                pixel                                                                                                  \
                y += next;                                                                                             \
            }                                                                                                          \
        }                                                                                                              \
    }

#endif
