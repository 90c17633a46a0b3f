/* Elements or slices chosen by tuples of indices, any type. */
#ifndef EDGEGEN_GATHER_ND_H
#define EDGEGEN_GATHER_ND_H

#include "kernels/indices.h"
#include "kernels/move.h"

/* indices[batch, count, depth]; step: bytes between neighbours along an axis that a tuple names; bytes: of a slice;
 * onto: a slice may lie on itself */
typedef struct {
    int32_t batch, batch_bytes, count, depth, extent[8], step[8], bytes, onto;
} edgegen_gather_nd;

#define EDGEGEN_GATHER_ND_SIZED(index, move, size)                                                                     \
    for (int32_t b = 0; b < p->batch; b++) {                                                                           \
        for (int32_t i = 0; i < p->count; i++) {                                                                       \
            int32_t at = 0;                                                                                            \
            for (int32_t k = 0; k < p->depth; k++) {                                                                   \
                at += edgegen_bounded_##index(indices[k], p->extent[k]) * p->step[k];                                  \
            }                                                                                                          \
            move(to, from + at, size);                                                                                 \
            to += size;                                                                                                \
            indices += p->depth;                                                                                       \
        }                                                                                                              \
        from += p->batch_bytes;                                                                                        \
    }

#define EDGEGEN_GATHER_ND(index, type)                                                                                 \
    EDGEGEN_KERNEL void gather_nd_##index(const edgegen_gather_nd *p, const void *x, const type *indices, void *y)     \
    {                                                                                                                  \
        const uint8_t *from = (const uint8_t *)x;                                                                      \
        uint8_t *to = (uint8_t *)y;                                                                                    \
        EDGEGEN_SLICES(p, EDGEGEN_GATHER_ND_SIZED, index)                                                              \
    }

EDGEGEN_GATHER_ND(s16, int16_t)
EDGEGEN_GATHER_ND(s32, int32_t)
EDGEGEN_GATHER_ND(s64, int64_t)

#endif
