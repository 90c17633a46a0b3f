/* The same bytes for elements of another type, portable. */
#ifndef EDGEGEN_BITCAST_H
#define EDGEGEN_BITCAST_H

#include "edgegen.h"

typedef struct {
    int32_t bytes;
} edgegen_bitcast;

EDGEGEN_KERNEL void bitcast(const edgegen_bitcast *p, const void *x, void *y)
{
    memcpy(y, x, (size_t)p->bytes);
}

#endif
