/* Long short-term memory on f32 for cores with the DSP extension: four units in a register tile. */
#ifndef EDGEGEN_LSTM_F32_DSP_H
#define EDGEGEN_LSTM_F32_DSP_H

#include "kernels/gates_f32_dsp.h"
#include "kernels/lstm_f32.h"

EDGEGEN_LSTM_F32(lstm_f32_dsp, float, edgegen_taps_f32, edgegen_take_f32, edgegen_gates_f32_dsp)

#endif
