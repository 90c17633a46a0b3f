/* Parameters of the dense layers on AArch64. */
#ifndef EDGEGEN_DENSE_NEON_H
#define EDGEGEN_DENSE_NEON_H

#include "simd/neon_tile.h"

/* units:    of `output.step` that rows of y have
 * strips:   runs of `strip` rows, the last of which may be shorter: each is computed before the next
 * backward: from the last strip to the first
 * tile:     rows computed together, by lanes 1 to 6; a strip has as many
 * apart:    sums of two products may overflow s16 */
#define EDGEGEN_DENSE_NEON_SIZES int32_t rows, depth, units, strips, strip, backward, tile

typedef struct {
    EDGEGEN_DENSE_NEON_SIZES;
    int32_t apart;
    edgegen_neon_output output;
} edgegen_dense_s8_neon;

typedef struct {
    EDGEGEN_DENSE_NEON_SIZES;
    edgegen_neon_output_f32 output;
} edgegen_dense_f32_neon;

/* Rows of x from `first` on, of `bytes` bytes each. */
EDGEGEN_INLINE edgegen_neon_rows edgegen_neon_matrix(const void *x, int32_t first, int32_t bytes)
{
    edgegen_neon_rows rows;
    rows.run[0] = (const uint8_t *)x + first * bytes;
    rows.runs = 1;
    rows.bytes = rows.step = bytes;
    return rows;
}

#endif
