/* The latest frames joined, portable. next_history may be history, next_calls may be calls. */
#ifndef EDGEGEN_STACKER_H
#define EDGEGEN_STACKER_H

#include "edgegen.h"

/* length: of a frame; kept: frames before the latest; right: of these, successors of the one in the middle; step: calls
 * from one result to the next */
typedef struct {
    int32_t length, kept, right, step;
} edgegen_stacker;

EDGEGEN_KERNEL void stacker_s16(const edgegen_stacker *p, const int16_t *x, const int16_t *history,
                                const int32_t *calls, int16_t *y, uint8_t *due, int16_t *next_history,
                                int32_t *next_calls)
{
    const int32_t count = *calls, period = p->right + p->step;
    const size_t frame = (size_t)p->length * sizeof *x, all = (size_t)p->kept * frame;
    if (count == 0) {
        for (int32_t f = 0; f < p->kept; f++) {
            memcpy(y + f * p->length, x, frame);
        }
    } else {
        memcpy(y, history, all);
    }
    memcpy(y + p->kept * p->length, x, frame);
    memcpy(next_history, y + p->length, all);
    *due = count == p->right || count == period;
    *next_calls = count < period ? count + 1 : p->right + 1;
}

#endif
