/* Gated recurrent units on f32 for cores with the DSP extension: four units in a register tile. */
#ifndef EDGEGEN_GRU_F32_DSP_H
#define EDGEGEN_GRU_F32_DSP_H

#include "kernels/gates_f32_dsp.h"
#include "kernels/gru_f32.h"

EDGEGEN_GRU_F32(gru_f32_dsp, edgegen_gates_f32_dsp)

#endif
