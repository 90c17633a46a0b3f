/* A box of a tensor replaced at a place known at run time, any type. y may be x. */
#ifndef EDGEGEN_UPDATE_SLICE_H
#define EDGEGEN_UPDATE_SLICE_H

#include "edgegen.h"

/* bytes:      of x
 * rank:       axes along which the box may lie at several places, from the outermost
 * room, step: places beyond the first along each, and bytes between neighbours
 * count:      five loops over the rows of the box, outermost first; count_step: bytes between them in y
 * run:        bytes of a row */
typedef struct {
    int32_t bytes, rank, room[6], step[6], count[5], count_step[5], run;
} edgegen_update_slice;

#define EDGEGEN_UPDATE_SLICE(index, type)                                                                              \
    EDGEGEN_KERNEL void update_slice_##index(const edgegen_update_slice *p, const void *x, const void *update,         \
                                             const type *start, void *y)                                               \
    {                                                                                                                  \
        const int32_t *n = p->count, *s = p->count_step;                                                               \
        const uint8_t *from = (const uint8_t *)update;                                                                 \
        uint8_t *to = (uint8_t *)y;                                                                                    \
        if (y != x) {                                                                                                  \
            memcpy(y, x, (size_t)p->bytes);                                                                            \
        }                                                                                                              \
        for (int32_t k = 0; k < p->rank; k++) {                                                                        \
            const type room = p->room[k];                                                                              \
            const type first = start[k] < 0 ? 0 : start[k] > room ? room : start[k];                                   \
            to += (int32_t)first * p->step[k];                                                                         \
        }                                                                                                              \
        for (int32_t a = 0; a < n[0]; a++)                                                                             \
        for (int32_t b = 0; b < n[1]; b++)                                                                             \
        for (int32_t c = 0; c < n[2]; c++)                                                                             \
        for (int32_t d = 0; d < n[3]; d++)                                                                             \
        for (int32_t e = 0; e < n[4]; e++) {                                                                           \
            memcpy(to + a * s[0] + b * s[1] + c * s[2] + d * s[3] + e * s[4], from, (size_t)p->run);                   \
            from += p->run;                                                                                            \
        }                                                                                                              \
    }

EDGEGEN_UPDATE_SLICE(s32, int32_t)
EDGEGEN_UPDATE_SLICE(s64, int64_t)

#endif
