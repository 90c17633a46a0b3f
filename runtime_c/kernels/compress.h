/* Slices that a condition chooses, any type. */
#ifndef EDGEGEN_COMPRESS_H
#define EDGEGEN_COMPRESS_H

#include "edgegen.h"

/* x[outer, length, bytes], of the shape `extent`; conditions: how many there are, at most `length` */
typedef struct {
    int32_t outer, length, bytes, conditions, rank, axis;
    int32_t extent[8];
} edgegen_compress;

/* -> y[outer, n, bytes], of which the rest is 0, and its shape */
EDGEGEN_KERNEL void compress(const edgegen_compress *p, const void *x, const uint8_t *condition, void *y,
                             int64_t *shape)
{
    const size_t bytes = (size_t)p->bytes;
    const uint8_t *from = (const uint8_t *)x;
    uint8_t *to = (uint8_t *)y;
    int64_t chosen = 0;
    for (int32_t i = 0; i < p->conditions; i++) {
        chosen += condition[i] != 0;
    }
    for (int32_t o = 0; o < p->outer; o++, from += (size_t)p->length * bytes) {
        for (int32_t i = 0; i < p->conditions; i++) {
            if (condition[i]) {
                memcpy(to, from + (size_t)i * bytes, bytes);
                to += bytes;
            }
        }
    }
    memset(to, 0, (size_t)p->outer * (size_t)(p->conditions - chosen) * bytes);
    for (int32_t i = 0; i < p->rank; i++) {
        shape[i] = i == p->axis ? chosen : p->extent[i];
    }
}

#endif
