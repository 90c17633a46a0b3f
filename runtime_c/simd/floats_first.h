/* Part of a vector of floats. Included after one of simd/floats_*.h, in which a vector may be one float. */
#ifndef EDGEGEN_SIMD_FLOATS_FIRST_H
#define EDGEGEN_SIMD_FLOATS_FIRST_H

#include "edgegen.h"

/* The first `count` floats of a vector, all of them where it has no more. */
EDGEGEN_INLINE void edgegen_floats_store_first(float *p, edgegen_floats v, int32_t count)
{
    if (count >= EDGEGEN_FLOATS) {
        edgegen_floats_store(p, v);
    } else if (count > 0) {
        float all[EDGEGEN_FLOATS];
        edgegen_floats_store(all, v);
        memcpy(p, all, (size_t)(count % EDGEGEN_FLOATS) * sizeof *p); /* as many, which every compiler sees to fit */
    }
}

#endif
