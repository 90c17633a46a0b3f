/* Products of f32 matrices that are computed at run time, in plain C. */
#ifndef EDGEGEN_BATCH_MATMUL_F32_TILES_H
#define EDGEGEN_BATCH_MATMUL_F32_TILES_H

#include "simd/floats_portable.h"
#include "simd/product_tiles.h"

EDGEGEN_PRODUCT_KERNELS(batch_matmul_f32_tiles)

#endif
