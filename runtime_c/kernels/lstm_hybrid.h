/* Long short-term memory on f32 with s8 weights, portable: rows quantized symmetrically. */
#ifndef EDGEGEN_LSTM_HYBRID_H
#define EDGEGEN_LSTM_HYBRID_H

#include "kernels/gates_hybrid.h"
#include "kernels/lstm_f32.h"

EDGEGEN_LSTM_F32(lstm_hybrid, int32_t, edgegen_taps_s8, edgegen_take_hybrid, edgegen_gates_hybrid)

#endif
