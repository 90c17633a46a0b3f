/* Functions of s16 between the points of a table, in 16-bit arithmetic, as TensorFlow Lite computes them. */
#ifndef EDGEGEN_INTERPOLATE_H
#define EDGEGEN_INTERPOLATE_H

#include "edgegen.h"

/* table[513]: the function at -32768, -32640, ... 32768; x in s16. */
EDGEGEN_INLINE int16_t edgegen_interpolated_s16(const int16_t *table, int32_t x)
{
    const int16_t *here = table + 256 + (x >> 7);
    const int16_t slope = (int16_t)(here[1] - here[0]);
    return (int16_t)(here[0] + ((slope * (x & 0x7F) + 64) >> 7));
}

#endif
