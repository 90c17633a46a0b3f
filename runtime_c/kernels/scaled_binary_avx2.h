/* Arithmetic on quantized integers by way of the real numbers they stand for, with AVX2. */
#ifndef EDGEGEN_SCALED_BINARY_AVX2_H
#define EDGEGEN_SCALED_BINARY_AVX2_H

#include "simd/floats_avx2.h"
#include "kernels/scaled_binary_vectors.h"

EDGEGEN_SCALED_VECTOR_KERNELS(avx2)

#endif
