/* Products of f32 matrices that are computed at run time, with NEON. */
#ifndef EDGEGEN_BATCH_MATMUL_F32_TILES_NEON_H
#define EDGEGEN_BATCH_MATMUL_F32_TILES_NEON_H

#include "simd/floats_neon.h"
#include "simd/product_tiles.h"

EDGEGEN_PRODUCT_KERNELS(batch_matmul_f32_tiles_neon)

#endif
