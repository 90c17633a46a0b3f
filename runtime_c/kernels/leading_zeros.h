/* Zeros before the highest bit of a number, portable. */
#ifndef EDGEGEN_LEADING_ZEROS_H
#define EDGEGEN_LEADING_ZEROS_H

#include "edgegen.h"

/* Of x > 0. */
EDGEGEN_INLINE int32_t edgegen_leading_zeros(uint32_t x)
{
#if defined(__GNUC__)
    return __builtin_clz(x);
#else
    int32_t n = 0;
    while ((x & UINT32_C(0x80000000)) == 0) {
        x <<= 1;
        n++;
    }
    return n;
#endif
}

#endif
