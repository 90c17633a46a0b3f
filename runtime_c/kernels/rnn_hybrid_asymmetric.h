/* Simple recurrent layer on f32 with s8 weights, portable: rows quantized with zero points. */
#ifndef EDGEGEN_RNN_HYBRID_ASYMMETRIC_H
#define EDGEGEN_RNN_HYBRID_ASYMMETRIC_H

#include "kernels/gates_hybrid.h"
#include "kernels/rnn_f32.h"

EDGEGEN_RNN_F32(rnn_hybrid_asymmetric, int32_t, edgegen_taps_s8, edgegen_take_hybrid_asymmetric, edgegen_gates_hybrid)

#endif
