/* Resizing to the nearest pixel, any type. */
#ifndef EDGEGEN_RESIZE_NEAREST_H
#define EDGEGEN_RESIZE_NEAREST_H

#include "kernels/resize.h"

/* rows[out_h], columns[out_w]: the pixel of x that each pixel of y shows. A row shown again is copied whole. */
EDGEGEN_KERNEL void resize_nearest(const edgegen_resize *p, const void *x, const uint16_t *rows,
                                   const uint16_t *columns, void *y)
{
    const size_t pixel = (size_t)p->depth, line = pixel * (size_t)p->out_w;
    const uint8_t *image = (const uint8_t *)x;
    uint8_t *to = (uint8_t *)y;
    for (int32_t n = 0; n < p->batch; n++) {
        for (int32_t oy = 0; oy < p->out_h; oy++) {
            if (oy > 0 && rows[oy] == rows[oy - 1]) {
                memcpy(to, to - line, line);
                to += line;
                continue;
            }
            const uint8_t *from = image + (size_t)rows[oy] * (size_t)p->in_w * pixel;
            for (int32_t ox = 0; ox < p->out_w; ox++) {
                memcpy(to, from + (size_t)columns[ox] * pixel, pixel);
                to += pixel;
            }
        }
        image += (size_t)p->in_h * (size_t)p->in_w * pixel;
    }
}

#endif
