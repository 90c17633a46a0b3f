/* Parameters of the dense layers on AArch64. */
#ifndef EDGEGEN_DENSE_NEON_H
#define EDGEGEN_DENSE_NEON_H

#include "simd/neon_tile.h"

/* units: of `output.step` that rows of y have
 * tile:  rows computed together by lanes, 1 to 6 and at most `rows`
 * apart: sums of two products may overflow s16 */
typedef struct {
    int32_t rows, depth, units, tile, apart;
    edgegen_neon_output output;
} edgegen_dense_s8_neon;

typedef struct {
    int32_t rows, depth, units, tile;
    edgegen_neon_output_f32 output;
} edgegen_dense_f32_neon;

/* The rows of a matrix of `row` bytes each. */
EDGEGEN_INLINE edgegen_neon_rows edgegen_neon_matrix(const void *x, int32_t row)
{
    edgegen_neon_rows rows;
    rows.run[0] = (const uint8_t *)x;
    rows.runs = 1;
    rows.bytes = rows.step = row;
    return rows;
}

#endif
