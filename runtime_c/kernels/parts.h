/* Convolutions of one image that take turns row by row: groups, and rows of transposed convolutions. */
#ifndef EDGEGEN_PARTS_H
#define EDGEGEN_PARTS_H

#include "edgegen.h"

/* x:       bytes of x from a part's windows to the next's
 * y:       elements of y from a part's first to the next's; row: from one row of a part to the next
 * weights, epilogue: elements of each part's; units: of each
 * turns:   groups that take turns among the channels of y though they were computed one after the other; else 0
 * aside:   byte of scratch where there is room for a pixel of y then */
typedef struct {
    int32_t count, x, y, row, weights, epilogue, units, turns, aside;
} edgegen_parts;

/* Puts the channels of `pixels` pixels in order where groups take turns. size: bytes of an element, a constant */
EDGEGEN_INLINE void edgegen_take_turns(const edgegen_parts *p, int32_t pixels, int32_t channels, const int32_t size,
                                       uint8_t *scratch, void *y)
{
    uint8_t *const pixel = scratch + p->aside, *to = (uint8_t *)y;
    for (int32_t i = 0; p->turns > 0 && i < pixels; i++) {
        memcpy(pixel, to, (size_t)(channels * size));
        for (int32_t u = 0; u < channels / p->turns; u++) {
            for (int32_t g = 0; g < p->turns; g++) {
                memcpy(to, pixel + (g * (channels / p->turns) + u) * size, (size_t)size);
                to += size;
            }
        }
    }
}

#endif
