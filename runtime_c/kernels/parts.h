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

/* Defines a function that puts the channels of `pixels` pixels in order. */
#define EDGEGEN_TAKE_TURNS(name, type)                                                                                 \
    EDGEGEN_INLINE void edgegen_take_turns_##name(const edgegen_parts *p, int32_t pixels, int32_t channels,            \
                                                  uint8_t *scratch, type *y)                                           \
    {                                                                                                                  \
        type *const pixel = (type *)(void *)(scratch + p->aside);                                                      \
        const int32_t each = channels / p->turns;                                                                      \
        for (int32_t i = 0; i < pixels; i++) {                                                                         \
            memcpy(pixel, y, (size_t)channels * sizeof *y);                                                            \
            for (int32_t u = 0; u < each; u++) {                                                                       \
                for (int32_t g = 0; g < p->turns; g++) {                                                               \
                    y[u * p->turns + g] = pixel[g * each + u];                                                         \
                }                                                                                                      \
            }                                                                                                          \
            y += channels;                                                                                             \
        }                                                                                                              \
    }

EDGEGEN_TAKE_TURNS(s8, int8_t)
EDGEGEN_TAKE_TURNS(s32, int32_t)
EDGEGEN_TAKE_TURNS(f32, float)
EDGEGEN_TAKE_TURNS(f16, uint16_t)

#endif
