/* Simple recurrent layer on f32 with s8 weights, portable: rows quantized symmetrically. */
#ifndef EDGEGEN_RNN_HYBRID_H
#define EDGEGEN_RNN_HYBRID_H

#include "kernels/gates_hybrid.h"
#include "kernels/rnn_f32.h"

EDGEGEN_RNN_F32(rnn_hybrid, int32_t, edgegen_taps_s8, edgegen_take_hybrid, edgegen_gates_hybrid)

#endif
