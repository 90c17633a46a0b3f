/* Gated recurrent units on f32 on AArch64: sixteen units at a time. */
#ifndef EDGEGEN_GRU_F32_NEON_H
#define EDGEGEN_GRU_F32_NEON_H

#include "kernels/gates_f32_neon.h"
#include "kernels/gru_f32.h"

EDGEGEN_GRU_F32(gru_f32_neon, edgegen_gates_f32_neon)

#endif
