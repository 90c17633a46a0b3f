/* Vectors of floats and how codes become them: AVX2, FMA and F16C. */
#ifndef EDGEGEN_SIMD_FLOATS_H
#define EDGEGEN_SIMD_FLOATS_H

#include "simd/lanes_avx2.h"
#include "simd/floats_x86.h"

#endif
