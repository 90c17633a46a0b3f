/* One number for each window of a tensor of up to six axes, portable. Integers wrap around. */
#ifndef EDGEGEN_REDUCE_WINDOW_H
#define EDGEGEN_REDUCE_WINDOW_H

#include "edgegen.h"

/* step, tap: elements of x from one window to the next, and from one of its elements to the next, along each axis */
typedef struct {
    int32_t count[6], step[6], window[6], tap[6];
} edgegen_reduce_window;

/* The next of `at`, the last axis running fastest; how far x's element lies behind the one before. */
static inline int32_t edgegen_reduce_window_next(int32_t *at, const int32_t *count, const int32_t *step)
{
    int32_t moved = 0;
    for (int32_t axis = 5; axis >= 0; axis--) {
        at[axis]++;
        moved += step[axis];
        if (at[axis] < count[axis]) {
            return moved;
        }
        moved -= count[axis] * step[axis];
        at[axis] = 0;
    }
    return moved;
}

static inline int32_t edgegen_reduce_window_count(const int32_t *count)
{
    return count[0] * count[1] * count[2] * count[3] * count[4] * count[5];
}

#define EDGEGEN_REDUCE_WINDOW_ADD(wide, a, b) ((wide)(a) + (wide)(b))
#define EDGEGEN_REDUCE_WINDOW_MUL(wide, a, b) ((wide)(a) * (wide)(b))
#define EDGEGEN_REDUCE_WINDOW_MINIMUM(wide, a, b) ((b) < (a) ? (b) : (a))
#define EDGEGEN_REDUCE_WINDOW_MAXIMUM(wide, a, b) ((b) > (a) ? (b) : (a))

#define EDGEGEN_REDUCE_WINDOW(name, type, wide, JOIN)                                                                  \
    EDGEGEN_KERNEL void name(const edgegen_reduce_window *p, const type *x, const type *first, type *y)                \
    {                                                                                                                  \
        const int32_t count = edgegen_reduce_window_count(p->count), taps = edgegen_reduce_window_count(p->window);    \
        int32_t place[6] = {0, 0, 0, 0, 0, 0};                                                                         \
        for (int32_t i = 0; i < count; i++) {                                                                          \
            int32_t tap[6] = {0, 0, 0, 0, 0, 0}, at = 0;                                                               \
            type result = *first;                                                                                      \
            for (int32_t t = 0; t < taps; t++) {                                                                       \
                const type value = x[at];                                                                              \
                result = (type)JOIN(wide, result, value);                                                              \
                at += edgegen_reduce_window_next(tap, p->window, p->tap);                                              \
            }                                                                                                          \
            y[i] = result;                                                                                             \
            x += edgegen_reduce_window_next(place, p->count, p->step);                                                 \
        }                                                                                                              \
    }

EDGEGEN_REDUCE_WINDOW(reduce_window_add_f32, float, float, EDGEGEN_REDUCE_WINDOW_ADD)
EDGEGEN_REDUCE_WINDOW(reduce_window_add_s8, int8_t, int32_t, EDGEGEN_REDUCE_WINDOW_ADD)
EDGEGEN_REDUCE_WINDOW(reduce_window_add_u8, uint8_t, int32_t, EDGEGEN_REDUCE_WINDOW_ADD)
EDGEGEN_REDUCE_WINDOW(reduce_window_add_s16, int16_t, int32_t, EDGEGEN_REDUCE_WINDOW_ADD)
EDGEGEN_REDUCE_WINDOW(reduce_window_add_s32, int32_t, uint32_t, EDGEGEN_REDUCE_WINDOW_ADD)
EDGEGEN_REDUCE_WINDOW(reduce_window_add_s64, int64_t, uint64_t, EDGEGEN_REDUCE_WINDOW_ADD)
EDGEGEN_REDUCE_WINDOW(reduce_window_mul_f32, float, float, EDGEGEN_REDUCE_WINDOW_MUL)
EDGEGEN_REDUCE_WINDOW(reduce_window_mul_s8, int8_t, int32_t, EDGEGEN_REDUCE_WINDOW_MUL)
EDGEGEN_REDUCE_WINDOW(reduce_window_mul_u8, uint8_t, int32_t, EDGEGEN_REDUCE_WINDOW_MUL)
EDGEGEN_REDUCE_WINDOW(reduce_window_mul_s16, int16_t, int32_t, EDGEGEN_REDUCE_WINDOW_MUL)
EDGEGEN_REDUCE_WINDOW(reduce_window_mul_s32, int32_t, uint32_t, EDGEGEN_REDUCE_WINDOW_MUL)
EDGEGEN_REDUCE_WINDOW(reduce_window_mul_s64, int64_t, uint64_t, EDGEGEN_REDUCE_WINDOW_MUL)
EDGEGEN_REDUCE_WINDOW(reduce_window_minimum_f32, float, float, EDGEGEN_REDUCE_WINDOW_MINIMUM)
EDGEGEN_REDUCE_WINDOW(reduce_window_minimum_s8, int8_t, int32_t, EDGEGEN_REDUCE_WINDOW_MINIMUM)
EDGEGEN_REDUCE_WINDOW(reduce_window_minimum_u8, uint8_t, int32_t, EDGEGEN_REDUCE_WINDOW_MINIMUM)
EDGEGEN_REDUCE_WINDOW(reduce_window_minimum_s16, int16_t, int32_t, EDGEGEN_REDUCE_WINDOW_MINIMUM)
EDGEGEN_REDUCE_WINDOW(reduce_window_minimum_s32, int32_t, uint32_t, EDGEGEN_REDUCE_WINDOW_MINIMUM)
EDGEGEN_REDUCE_WINDOW(reduce_window_minimum_s64, int64_t, uint64_t, EDGEGEN_REDUCE_WINDOW_MINIMUM)
EDGEGEN_REDUCE_WINDOW(reduce_window_minimum_bool, uint8_t, int32_t, EDGEGEN_REDUCE_WINDOW_MINIMUM)
EDGEGEN_REDUCE_WINDOW(reduce_window_maximum_f32, float, float, EDGEGEN_REDUCE_WINDOW_MAXIMUM)
EDGEGEN_REDUCE_WINDOW(reduce_window_maximum_s8, int8_t, int32_t, EDGEGEN_REDUCE_WINDOW_MAXIMUM)
EDGEGEN_REDUCE_WINDOW(reduce_window_maximum_u8, uint8_t, int32_t, EDGEGEN_REDUCE_WINDOW_MAXIMUM)
EDGEGEN_REDUCE_WINDOW(reduce_window_maximum_s16, int16_t, int32_t, EDGEGEN_REDUCE_WINDOW_MAXIMUM)
EDGEGEN_REDUCE_WINDOW(reduce_window_maximum_s32, int32_t, uint32_t, EDGEGEN_REDUCE_WINDOW_MAXIMUM)
EDGEGEN_REDUCE_WINDOW(reduce_window_maximum_s64, int64_t, uint64_t, EDGEGEN_REDUCE_WINDOW_MAXIMUM)
EDGEGEN_REDUCE_WINDOW(reduce_window_maximum_bool, uint8_t, int32_t, EDGEGEN_REDUCE_WINDOW_MAXIMUM)

#endif
