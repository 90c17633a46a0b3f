/* Gated recurrent units on f32 with AVX2: sixteen units at a time. */
#ifndef EDGEGEN_GRU_F32_AVX2_H
#define EDGEGEN_GRU_F32_AVX2_H

#include "kernels/gates_f32_avx2.h"
#include "kernels/gru_f32.h"

EDGEGEN_GRU_F32(gru_f32_avx2, edgegen_gates_f32_avx2)

#endif
