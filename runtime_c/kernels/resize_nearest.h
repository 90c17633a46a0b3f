/* Resizing to the nearest pixel, any type. */
#ifndef EDGEGEN_RESIZE_NEAREST_H
#define EDGEGEN_RESIZE_NEAREST_H

#include "kernels/move.h"
#include "kernels/resize.h"

/* rows[out_h], columns[out_w]: the pixel of x that each pixel of y shows. A row shown again is copied whole. */
#define EDGEGEN_RESIZE_NEAREST_SIZED(size, move)                                                                       \
    EDGEGEN_EACH(n, p->batch, backward) {                                                                              \
        EDGEGEN_EACH(oy, p->out_h, backward) {                                                                         \
            const int32_t before = backward != 0 ? oy + 1 : oy - 1;                                                    \
            if (before >= 0 && before < p->out_h && rows[oy] == rows[before]) {                                        \
                memcpy(to, to - next, line);                                                                           \
            } else {                                                                                                   \
                const uint8_t *const from = image + (size_t)rows[oy] * (size_t)p->in_w * (size);                       \
                EDGEGEN_EACH(ox, p->out_w, backward) {                                                                 \
                    move(to + (size_t)ox * (size), from + (size_t)columns[ox] * (size), size);                         \
                }                                                                                                      \
            }                                                                                                          \
            to += next;                                                                                                \
        }                                                                                                              \
        image += turn;                                                                                                 \
    }

EDGEGEN_KERNEL void resize_nearest(const edgegen_resize *p, const void *x, const uint16_t *rows,
                                   const uint16_t *columns, void *y)
{
    const int32_t backward = p->backward;
    const size_t line = (size_t)p->depth * (size_t)p->out_w, last_line = (size_t)(p->batch * p->out_h - 1) * line;
    const size_t all = (size_t)p->in_h * (size_t)p->in_w * (size_t)p->depth, last = (size_t)(p->batch - 1) * all;
    const ptrdiff_t next = backward != 0 ? -(ptrdiff_t)line : (ptrdiff_t)line;
    const ptrdiff_t turn = backward != 0 ? -(ptrdiff_t)all : (ptrdiff_t)all;
    const uint8_t *image = (const uint8_t *)x + (backward != 0 ? last : 0);
    uint8_t *to = (uint8_t *)y + (backward != 0 ? last_line : 0);
    switch (p->depth) { /* pixels of a known size are moved in registers */
    case 1: EDGEGEN_RESIZE_NEAREST_SIZED(1, edgegen_move_whole) break;
    case 2: EDGEGEN_RESIZE_NEAREST_SIZED(2, edgegen_move_whole) break;
    case 4: EDGEGEN_RESIZE_NEAREST_SIZED(4, edgegen_move_whole) break;
    default: EDGEGEN_RESIZE_NEAREST_SIZED((size_t)p->depth, memcpy) break;
    }
}

#endif
