/* Slices chosen by indices, any type. */
#ifndef EDGEGEN_GATHER_H
#define EDGEGEN_GATHER_H

#include "kernels/indices.h"
#include "kernels/move.h"

/* x[batch, outer, extent] and indices[batch, count] -> y[batch, outer, count], of slices of `bytes`;
 * onto: a slice may lie on itself */
typedef struct {
    int32_t batch, outer, extent, count, bytes, onto;
} edgegen_gather;

#define EDGEGEN_GATHER_SIZED(index, move, size)                                                                        \
    for (int32_t b = 0; b < p->batch; b++) {                                                                           \
        for (int32_t o = 0; o < p->outer; o++) {                                                                       \
            for (int32_t i = 0; i < p->count; i++) {                                                                   \
                move(to, from + (size_t)edgegen_bounded_##index(indices[i], p->extent) * (size), size);                \
                to += size;                                                                                            \
            }                                                                                                          \
            from += (size_t)p->extent * (size);                                                                        \
        }                                                                                                              \
        indices += p->count;                                                                                           \
    }

#define EDGEGEN_GATHER(index, type)                                                                                    \
    EDGEGEN_KERNEL void gather_##index(const edgegen_gather *p, const void *x, const type *indices, void *y)           \
    {                                                                                                                  \
        const uint8_t *from = (const uint8_t *)x;                                                                      \
        uint8_t *to = (uint8_t *)y;                                                                                    \
        EDGEGEN_SLICES(p, EDGEGEN_GATHER_SIZED, index)                                                                 \
    }

EDGEGEN_GATHER(s16, int16_t)
EDGEGEN_GATHER(s32, int32_t)
EDGEGEN_GATHER(s64, int64_t)

#endif
