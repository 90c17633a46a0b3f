/* Rows of a table of weights that are codes, chosen by indices. */
#ifndef EDGEGEN_GATHER_STORED_H
#define EDGEGEN_GATHER_STORED_H

#include "kernels/indices.h"
#include "kernels/stored.h"

/* codes[extent, length] and indices[count] -> y[count, length] */
typedef struct {
    int32_t count, extent;
    edgegen_stored stored;
} edgegen_gather_stored;

#define EDGEGEN_GATHER_STORED(index, type)                                                                             \
    EDGEGEN_KERNEL void gather_stored_##index(const edgegen_gather_stored *p, const type *indices, const void *codes,  \
                                              const float *scales, const uint8_t *zeros, float *y)                     \
    {                                                                                                                  \
        for (int32_t i = 0; i < p->count; i++) {                                                                       \
            const int32_t row = edgegen_bounded_##index(indices[i], p->extent);                                        \
            edgegen_decode_row(&p->stored, codes, scales, zeros, row, 0, p->stored.length,                             \
                               y + (size_t)i * (size_t)p->stored.length);                                              \
        }                                                                                                              \
    }

EDGEGEN_GATHER_STORED(s16, int16_t)
EDGEGEN_GATHER_STORED(s32, int32_t)
EDGEGEN_GATHER_STORED(s64, int64_t)

#endif
