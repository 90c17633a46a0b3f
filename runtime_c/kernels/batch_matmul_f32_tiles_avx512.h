/* Products of f32 matrices that are computed at run time, with AVX-512. */
#ifndef EDGEGEN_BATCH_MATMUL_F32_TILES_AVX512_H
#define EDGEGEN_BATCH_MATMUL_F32_TILES_AVX512_H

#include "simd/floats_avx512.h"
#include "simd/product_tiles.h"

/* x[batch,rows,depth] * w[batch,depth,units] -> y[batch,rows,units], columns of w read as they lie. */
EDGEGEN_KERNEL void batch_matmul_f32_tiles_avx512(const edgegen_batch_matmul_f32 *p, const float *x, const float *w,
                                                  float *y)
{
    edgegen_products(p, x, w, NULL, y);
}

/* The same for columns that are laid out in scratch. */
EDGEGEN_KERNEL void batch_matmul_f32_tiles_avx512_packed(const edgegen_batch_matmul_f32 *p, const float *x, const float *w,
                                                         uint8_t *scratch, float *y)
{
    edgegen_products(p, x, w, scratch, y);
}

#endif
