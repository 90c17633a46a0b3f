/* Products of f32 matrices that are computed at run time, with AVX-512. */
#ifndef EDGEGEN_BATCH_MATMUL_F32_TILES_AVX512_H
#define EDGEGEN_BATCH_MATMUL_F32_TILES_AVX512_H

#include "simd/floats_avx512.h"
#include "simd/product_tiles.h"

EDGEGEN_PRODUCT_KERNELS(batch_matmul_f32_tiles_avx512)

#endif
