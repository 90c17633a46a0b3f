/* Steps of recurrent layers, in the order of their rows in memory, so that y may lie over rows of x that were read. */
#ifndef EDGEGEN_STEPS_H
#define EDGEGEN_STEPS_H

#include "edgegen.h"

/* A sequence of `count` steps, `inputs` elements of x and `outputs` of y each, for each of `batch` sequences.
 * by_time: rows of a step lie together, else those of a sequence; reverse: steps run from the last row to the first */
typedef struct {
    int32_t count, batch, inputs, outputs, by_time, reverse;
} edgegen_steps;

/* One step of one sequence. row, earlier: of x and y, and where y has the step before; time: of the sequence's rows */
typedef struct {
    int32_t row, earlier, sequence, time;
} edgegen_step;

EDGEGEN_INLINE edgegen_step edgegen_step_of(const edgegen_steps *s, int32_t turn)
{
    const int32_t row = s->reverse != 0 ? s->count * s->batch - 1 - turn : turn;
    const int32_t apart = s->by_time != 0 ? s->batch : 1;
    const edgegen_step at = {row, s->reverse != 0 ? row + apart : row - apart,
                             s->by_time != 0 ? row % s->batch : row / s->count,
                             s->by_time != 0 ? row / s->batch : row % s->count};
    return at;
}

/* Whether a row is the first one that is computed of a sequence of so many steps. */
EDGEGEN_INLINE int edgegen_step_begins(const edgegen_steps *s, int32_t time, int32_t length)
{
    return time == (s->reverse != 0 ? length - 1 : 0);
}

/* Whether it is the last one. */
EDGEGEN_INLINE int edgegen_step_ends(const edgegen_steps *s, int32_t time, int32_t length)
{
    return time == (s->reverse != 0 ? 0 : length - 1);
}

/* How many of `count` are left from number `first` on, at most `block`; where blocks fill `count`, a constant one. */
EDGEGEN_INLINE int32_t edgegen_step_part(int32_t count, int32_t block, int32_t first)
{
    return count % block == 0 || count - first > block ? block : count - first;
}

#endif
