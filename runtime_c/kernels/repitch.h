/* Rows of an extent known at run time, moved between where they lie without gaps and where those of the most begin. */
#ifndef EDGEGEN_REPITCH_H
#define EDGEGEN_REPITCH_H

#include "edgegen.h"

/* x[outer, first, middle, second] of runs of `bytes`, `first` and `second` being the most */
typedef struct {
    int32_t outer, first, middle, second, bytes, spread;
} edgegen_repitch;

static inline size_t edgegen_repitch_count(int32_t count, int32_t most)
{
    return (size_t)(count < 0 ? 0 : count > most ? most : count);
}

/* Each row moves in the direction in which all do: from the last when they move apart, from the first otherwise, so that
 * y may be x. */
EDGEGEN_KERNEL void repitch_2(const edgegen_repitch *p, const void *x, const int32_t *first_count,
                              const int32_t *second_count, void *y)
{
    const uint8_t *from = (const uint8_t *)x;
    uint8_t *to = (uint8_t *)y;
    const size_t middle = (size_t)p->middle, first = (size_t)p->first;
    const size_t kept = edgegen_repitch_count(*first_count, p->first);
    const size_t run = edgegen_repitch_count(*second_count, p->second) * (size_t)p->bytes;
    const size_t pitch = (size_t)p->second * (size_t)p->bytes, rows = kept * middle;
    if (p->spread) {
        for (size_t o = (size_t)p->outer; o-- > 0;) {
            memset(to + (o * first * middle + rows) * pitch, 0, (first * middle - rows) * pitch);
            for (size_t r = rows; r-- > 0;) {
                uint8_t *row = to + (o * first * middle + r) * pitch;
                memmove(row, from + (o * rows + r) * run, run);
                memset(row + run, 0, pitch - run);
            }
        }
    } else {
        for (size_t o = 0; o < (size_t)p->outer; o++) {
            for (size_t r = 0; r < rows; r++) {
                memmove(to + (o * rows + r) * run, from + (o * first * middle + r) * pitch, run);
            }
        }
        const size_t used = (size_t)p->outer * rows * run;
        memset(to + used, 0, (size_t)p->outer * first * middle * pitch - used);
    }
}

EDGEGEN_KERNEL void repitch(const edgegen_repitch *p, const void *x, const int32_t *count, void *y)
{
    const int32_t one = 1;
    repitch_2(p, x, &one, count, y);
}

#endif
