/* Simple recurrent layer on f32 for AArch64: sixteen units at a time. */
#ifndef EDGEGEN_RNN_F32_NEON_H
#define EDGEGEN_RNN_F32_NEON_H

#include "kernels/gates_f32_neon.h"
#include "kernels/rnn_f32.h"

EDGEGEN_RNN_F32(rnn_f32_neon, float, edgegen_taps_f32, edgegen_take_f32, edgegen_gates_f32_neon)

#endif
