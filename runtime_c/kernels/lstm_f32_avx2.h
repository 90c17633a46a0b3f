/* Long short-term memory on f32 with AVX2: sixteen units at a time. */
#ifndef EDGEGEN_LSTM_F32_AVX2_H
#define EDGEGEN_LSTM_F32_AVX2_H

#include "kernels/gates_f32_avx2.h"
#include "kernels/lstm_f32.h"

EDGEGEN_LSTM_F32(lstm_f32_avx2, float, edgegen_taps_f32, edgegen_take_f32, edgegen_gates_f32_avx2)

#endif
