/* The newest of the last few slices of a stream, of any type, portable. y may be buffer. */
#ifndef EDGEGEN_PUSH_H
#define EDGEGEN_PUSH_H

#include "edgegen.h"

typedef struct {
    int32_t kept, added; /* bytes of the buffer that stay, and of x */
} edgegen_push;

EDGEGEN_KERNEL void push(const edgegen_push *p, const void *x, const void *buffer, void *y)
{
    memmove(y, (const uint8_t *)buffer + p->added, (size_t)p->kept);
    memcpy((uint8_t *)y + p->kept, x, (size_t)p->added);
}

#endif
