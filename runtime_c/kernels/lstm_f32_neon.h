/* Long short-term memory on f32 for AArch64: sixteen units at a time. */
#ifndef EDGEGEN_LSTM_F32_NEON_H
#define EDGEGEN_LSTM_F32_NEON_H

#include "kernels/gates_f32_neon.h"
#include "kernels/lstm_f32.h"

EDGEGEN_LSTM_F32(lstm_f32_neon, float, edgegen_taps_f32, edgegen_take_f32, edgegen_gates_f32_neon)

#endif
