/* Slices chosen by indices, any type. */
#ifndef EDGEGEN_GATHER_H
#define EDGEGEN_GATHER_H

#include "kernels/indices.h"

/* x[batch, outer, extent] and indices[batch, count] -> y[batch, outer, count], of slices of `bytes` */
typedef struct {
    int32_t batch, outer, extent, count, bytes;
} edgegen_gather;

#define EDGEGEN_GATHER_SIZED(index, size)                                                                              \
    for (int32_t b = 0; b < p->batch; b++) {                                                                           \
        for (int32_t o = 0; o < p->outer; o++) {                                                                       \
            for (int32_t i = 0; i < p->count; i++) {                                                                   \
                memcpy(to, from + (size_t)edgegen_bounded_##index(indices[i], p->extent) * (size), size);              \
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
        switch (p->bytes) { /* elements of a known size are moved in registers */                                      \
        case 1: EDGEGEN_GATHER_SIZED(index, 1) break;                                                                  \
        case 2: EDGEGEN_GATHER_SIZED(index, 2) break;                                                                  \
        case 4: EDGEGEN_GATHER_SIZED(index, 4) break;                                                                  \
        default: EDGEGEN_GATHER_SIZED(index, (size_t)p->bytes) break;                                                  \
        }                                                                                                              \
    }

EDGEGEN_GATHER(s16, int16_t)
EDGEGEN_GATHER(s32, int32_t)
EDGEGEN_GATHER(s64, int64_t)

#endif
