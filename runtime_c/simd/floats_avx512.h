/* Vectors of floats and how codes become them: AVX-512. */
#ifndef EDGEGEN_SIMD_FLOATS_H
#define EDGEGEN_SIMD_FLOATS_H

#include "simd/lanes_avx512.h"
#include "simd/floats_x86.h"

#endif
