/* Dense layer on s8 with AVX2: a convolution whose window is a row of x. */
#ifndef EDGEGEN_DENSE_S8_AVX2_H
#define EDGEGEN_DENSE_S8_AVX2_H

#include "kernels/conv2d_s8_avx2.h"

/* Several rows: weights are kept as s16. */
EDGEGEN_KERNEL void dense_s8_avx2(const edgegen_windows *p, const int8_t *x, const int16_t *weights,
                                  const int32_t *epilogue, const int32_t *forms, const int32_t *runs,
                                  uint8_t *scratch, int8_t *y)
{
    conv2d_s8_avx2(p, x, weights, epilogue, forms, runs, scratch, y);
}

/* One row: every weight is read once, so it is kept as s8, and widened then. */
EDGEGEN_KERNEL void dense_s8_avx2_row(const edgegen_windows *p, const int8_t *x, const int8_t *weights,
                                      const int32_t *epilogue, const int32_t *forms, const int32_t *runs,
                                      uint8_t *scratch, int8_t *y)
{
    const edgegen_filters filters = { (const uint8_t *)weights, (const uint8_t *)epilogue, runs, forms };
    const edgegen_window_sizes size = { 1, 2, 1, 8, 16, EDGEGEN_AVX2_EPILOGUE * 4 };
    edgegen_walk_windows(p, size, &filters, x, edgegen_avx2_copy_widened, scratch, y);
}

/* The sums of one row as they are; bias: of every lane of every vector. */
EDGEGEN_KERNEL void dense_s8_s32_avx2_row(const edgegen_windows *p, const int8_t *x, const int8_t *weights,
                                          const int32_t *bias, const int32_t *runs, uint8_t *scratch, int32_t *y)
{
    const edgegen_filters filters = { (const uint8_t *)weights, (const uint8_t *)bias, runs, NULL };
    const edgegen_window_sizes size = { 1, 2, 4, 8, 16, 32 };
    edgegen_walk_windows(p, size, &filters, x, edgegen_avx2_copy_widened, scratch, y);
}

#endif
