/* Copies between storages whose elements lie at regular distances: slices, transposes, changes of layout. Any type. */
#ifndef EDGEGEN_COPY_H
#define EDGEGEN_COPY_H

#include "kernels/move.h"

/* Six nested loops, outermost first. Steps are bytes and may be negative in x. */
typedef struct {
    int32_t count[6], x_step[6], y_step[6];
    int32_t x_start; /* bytes to the first element read */
    int32_t bytes;   /* of an element, or of a run of elements */
} edgegen_copy;

EDGEGEN_INLINE void edgegen_copy_element(uint8_t *to, const uint8_t *from, size_t bytes, int overlap)
{
    if (overlap) {
        edgegen_move_down(to, from, bytes);
    } else {
        memcpy(to, from, bytes);
    }
}

EDGEGEN_INLINE void edgegen_copy_elements(const edgegen_copy *p, const uint8_t *x, uint8_t *y, size_t bytes,
                                          int overlap)
{
    for (int32_t a = 0; a < p->count[0]; a++)
    for (int32_t b = 0; b < p->count[1]; b++)
    for (int32_t c = 0; c < p->count[2]; c++)
    for (int32_t d = 0; d < p->count[3]; d++) {
        const uint8_t *xd = x + a * p->x_step[0] + b * p->x_step[1] + c * p->x_step[2] + d * p->x_step[3];
        uint8_t *yd = y + a * p->y_step[0] + b * p->y_step[1] + c * p->y_step[2] + d * p->y_step[3];
        for (int32_t e = 0; e < p->count[4]; e++) {
            const uint8_t *xe = xd + e * p->x_step[4];
            uint8_t *ye = yd + e * p->y_step[4];
            for (int32_t f = 0; f < p->count[5]; f++) {
                edgegen_copy_element(ye + f * p->y_step[5], xe + f * p->x_step[5], bytes, overlap);
            }
        }
    }
}

EDGEGEN_INLINE void edgegen_copy_sized(const edgegen_copy *p, const void *x, void *y, int overlap)
{
    const uint8_t *from = (const uint8_t *)x + p->x_start;
    switch (p->bytes) { /* elements of a known size are moved in registers */
    case 1: edgegen_copy_elements(p, from, (uint8_t *)y, 1, overlap); break;
    case 2: edgegen_copy_elements(p, from, (uint8_t *)y, 2, overlap); break;
    case 4: edgegen_copy_elements(p, from, (uint8_t *)y, 4, overlap); break;
    default: edgegen_copy_elements(p, from, (uint8_t *)y, (size_t)p->bytes, overlap); break;
    }
}

/* x and y do not overlap. */
EDGEGEN_KERNEL void copy(const edgegen_copy *p, const void *x, void *y) { edgegen_copy_sized(p, x, y, 0); }

/* y may start where x starts, if the loops write in order and never before what they have still to read. */
EDGEGEN_KERNEL void move(const edgegen_copy *p, const void *x, void *y) { edgegen_copy_sized(p, x, y, 1); }

#endif
