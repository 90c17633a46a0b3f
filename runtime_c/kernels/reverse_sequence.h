/* The first elements of each sequence in reverse, any type. */
#ifndef EDGEGEN_REVERSE_SEQUENCE_H
#define EDGEGEN_REVERSE_SEQUENCE_H

#include "edgegen.h"

/* x[outer, first, middle, second] of runs of `bytes`; batch_first: sequences lie along `second`, else along `first` */
typedef struct {
    int32_t outer, first, middle, second, bytes, batch_first;
} edgegen_reverse_sequence;

#define EDGEGEN_REVERSE_SEQUENCE(index, type)                                                                          \
    EDGEGEN_KERNEL void reverse_sequence_##index(const edgegen_reverse_sequence *p, const void *x,                     \
                                                 const type *lengths, void *y)                                         \
    {                                                                                                                  \
        const size_t bytes = (size_t)p->bytes;                                                                         \
        const uint8_t *from = (const uint8_t *)x;                                                                      \
        uint8_t *to = (uint8_t *)y;                                                                                    \
        for (int32_t o = 0; o < p->outer; o++) {                                                                       \
            for (int32_t f = 0; f < p->first; f++) {                                                                   \
                for (int32_t m = 0; m < p->middle; m++) {                                                              \
                    for (int32_t s = 0; s < p->second; s++) {                                                          \
                        const type given = lengths[p->batch_first ? f : s];                                            \
                        const int32_t along = p->batch_first ? s : f, all = p->batch_first ? p->second : p->first;     \
                        const int32_t length = given > all ? all : (int32_t)given;                                     \
                        const int32_t at = along < length ? length - 1 - along : along;                                \
                        const int32_t row = p->batch_first ? f : at, column = p->batch_first ? at : s;                 \
                        memcpy(to, from + (size_t)((row * p->middle + m) * p->second + column) * bytes, bytes);        \
                        to += bytes;                                                                                   \
                    }                                                                                                  \
                }                                                                                                      \
            }                                                                                                          \
            from += (size_t)(p->first * p->middle * p->second) * bytes;                                                \
        }                                                                                                              \
    }

EDGEGEN_REVERSE_SEQUENCE(s32, int32_t)
EDGEGEN_REVERSE_SEQUENCE(s64, int64_t)

#endif
