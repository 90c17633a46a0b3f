/* Arithmetic on quantized integers by way of the real numbers they stand for, with NEON. */
#ifndef EDGEGEN_SCALED_BINARY_NEON_H
#define EDGEGEN_SCALED_BINARY_NEON_H

#include "simd/floats_neon.h"
#include "kernels/scaled_binary_vectors.h"

EDGEGEN_SCALED_VECTOR_KERNELS(neon)

#endif
