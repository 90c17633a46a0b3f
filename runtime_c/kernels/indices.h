/* Indices that are computed at run time: whatever they are, nothing outside of a tensor is touched. */
#ifndef EDGEGEN_INDICES_H
#define EDGEGEN_INDICES_H

#include "edgegen.h"

/* The place that i names: below 0 it counts from the end. Outside of [0, extent) if it names none. */
EDGEGEN_INLINE int32_t edgegen_index_s32(int32_t i, int32_t extent) { return i < 0 ? i + extent : i; }

EDGEGEN_INLINE int32_t edgegen_index_s16(int16_t i, int32_t extent) { return edgegen_index_s32(i, extent); }

EDGEGEN_INLINE int32_t edgegen_index_s64(int64_t i, int32_t extent)
{
    return i < -extent || i >= extent ? -1 : edgegen_index_s32((int32_t)i, extent);
}

/* The nearest place that there is. */
EDGEGEN_INLINE int32_t edgegen_bounded_s32(int32_t i, int32_t extent)
{
    return edgegen_clamp_s32(edgegen_index_s32(i, extent), 0, extent - 1);
}

EDGEGEN_INLINE int32_t edgegen_bounded_s16(int16_t i, int32_t extent) { return edgegen_bounded_s32(i, extent); }

EDGEGEN_INLINE int32_t edgegen_bounded_s64(int64_t i, int32_t extent)
{
    const int64_t least = -(int64_t)extent, most = (int64_t)extent - 1;
    return edgegen_bounded_s32((int32_t)(i < least ? least : i > most ? most : i), extent);
}

#endif
