/* Arithmetic on quantized integers by way of the real numbers they stand for, with AVX-512. */
#ifndef EDGEGEN_SCALED_BINARY_AVX512_H
#define EDGEGEN_SCALED_BINARY_AVX512_H

#include "simd/floats_avx512.h"
#include "kernels/scaled_binary_vectors.h"

EDGEGEN_SCALED_VECTOR_KERNELS(avx512)

#endif
