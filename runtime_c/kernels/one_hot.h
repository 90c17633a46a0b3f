/* Indices as vectors that differ in one place, any type. */
#ifndef EDGEGEN_ONE_HOT_H
#define EDGEGEN_ONE_HOT_H

#include "kernels/fill.h"
#include "kernels/indices.h"

/* indices[outer, inner] -> y[outer, depth, inner]; bytes: of an element of y */
typedef struct {
    int32_t outer, depth, inner, from_end, bytes;
} edgegen_one_hot;

#define EDGEGEN_ONE_HOT(index, type)                                                                                   \
    EDGEGEN_KERNEL void one_hot_##index(const edgegen_one_hot *p, const type *indices, const void *on,                 \
                                        const void *off, void *y)                                                      \
    {                                                                                                                  \
        const size_t bytes = (size_t)p->bytes;                                                                         \
        uint8_t *to = (uint8_t *)y;                                                                                    \
        edgegen_fill_elements(y, p->outer * p->depth * p->inner, p->bytes, off);                                       \
        for (int32_t o = 0; o < p->outer; o++) {                                                                       \
            for (int32_t i = 0; i < p->inner; i++) {                                                                   \
                const type given = *indices++;                                                                         \
                const int32_t place = edgegen_index_##index(given, p->depth);                                          \
                if (place >= 0 && place < p->depth && (given >= 0 || p->from_end)) {                                   \
                    memcpy(to + (size_t)(place * p->inner + i) * bytes, on, bytes);                                    \
                }                                                                                                      \
            }                                                                                                          \
            to += (size_t)(p->depth * p->inner) * bytes;                                                               \
        }                                                                                                              \
    }

EDGEGEN_ONE_HOT(s32, int32_t)
EDGEGEN_ONE_HOT(s64, int64_t)

#endif
