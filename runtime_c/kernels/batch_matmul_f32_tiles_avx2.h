/* Products of f32 matrices that are computed at run time, with AVX2. */
#ifndef EDGEGEN_BATCH_MATMUL_F32_TILES_AVX2_H
#define EDGEGEN_BATCH_MATMUL_F32_TILES_AVX2_H

#include "simd/floats_avx2.h"
#include "simd/product_tiles.h"

EDGEGEN_PRODUCT_KERNELS(batch_matmul_f32_tiles_avx2)

#endif
