/* Elements or slices chosen by tuples of indices, any type. */
#ifndef EDGEGEN_GATHER_ND_H
#define EDGEGEN_GATHER_ND_H

#include "kernels/indices.h"

/* indices[batch, count, depth]; step: bytes between neighbours along an axis that a tuple names; bytes: of a slice */
typedef struct {
    int32_t batch, batch_bytes, count, depth, extent[8], step[8], bytes;
} edgegen_gather_nd;

#define EDGEGEN_GATHER_ND_SIZED(index, size)                                                                           \
    for (int32_t b = 0; b < p->batch; b++) {                                                                           \
        for (int32_t i = 0; i < p->count; i++) {                                                                       \
            int32_t at = 0;                                                                                            \
            for (int32_t k = 0; k < p->depth; k++) {                                                                   \
                at += edgegen_bounded_##index(indices[k], p->extent[k]) * p->step[k];                                  \
            }                                                                                                          \
            memcpy(to, from + at, size);                                                                               \
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
        switch (p->bytes) { /* elements of a known size are moved in registers */                                      \
        case 1: EDGEGEN_GATHER_ND_SIZED(index, 1) break;                                                               \
        case 2: EDGEGEN_GATHER_ND_SIZED(index, 2) break;                                                               \
        case 4: EDGEGEN_GATHER_ND_SIZED(index, 4) break;                                                               \
        default: EDGEGEN_GATHER_ND_SIZED(index, (size_t)p->bytes) break;                                               \
        }                                                                                                              \
    }

EDGEGEN_GATHER_ND(s16, int16_t)
EDGEGEN_GATHER_ND(s32, int32_t)
EDGEGEN_GATHER_ND(s64, int64_t)

#endif
