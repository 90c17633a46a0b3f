/* Dense layer on f32 whose weights are codes, with AVX-512. */
#ifndef EDGEGEN_DENSE_F32_STORED_AVX512_H
#define EDGEGEN_DENSE_F32_STORED_AVX512_H

#include "simd/floats_avx512.h"
#include "simd/stored_tiles.h"

EDGEGEN_KERNEL void dense_f32_stored_avx512(const edgegen_stored_tiles *p, const float *x, const void *codes,
                                         const float *scales, const uint8_t *zeros, const float *bias, float *y)
{
    edgegen_stored_tiles_run(p, x, codes, scales, zeros, bias, y);
}

#endif
