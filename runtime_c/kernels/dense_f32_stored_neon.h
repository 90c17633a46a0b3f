/* Dense layer on f32 whose weights are codes, with NEON. */
#ifndef EDGEGEN_DENSE_F32_STORED_NEON_H
#define EDGEGEN_DENSE_F32_STORED_NEON_H

#include "simd/floats_neon.h"
#include "simd/stored_tiles.h"

EDGEGEN_KERNEL void dense_f32_stored_neon(const edgegen_stored_tiles *p, const float *x, const void *codes,
                                         const float *scales, const uint8_t *zeros, const float *bias, float *y)
{
    edgegen_stored_tiles_run(p, x, codes, scales, zeros, bias, y);
}

#endif
