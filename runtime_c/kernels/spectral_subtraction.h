/* Levels less an estimate of their noise, which is updated, portable. y may be x; updated may be noise. */
#ifndef EDGEGEN_SPECTRAL_SUBTRACTION_H
#define EDGEGEN_SPECTRAL_SUBTRACTION_H

#include "edgegen.h"

/* smoothing, keep: of even and of odd channels; scale_bits: of these and of floor; smoothing_bits: of the estimate */
typedef struct {
    int32_t channels;
    uint32_t smoothing[2], keep[2], floor;
    int32_t smoothing_bits, scale_bits, clamping;
} edgegen_spectral_subtraction;

EDGEGEN_KERNEL void spectral_subtraction_u32(const edgegen_spectral_subtraction *p, const uint32_t *x,
                                             const uint32_t *noise, uint32_t *y, uint32_t *updated)
{
    for (int32_t k = 0; k < p->channels; k++) {
        const uint32_t raised = x[k] << p->smoothing_bits;
        const uint64_t sum = (uint64_t)raised * p->smoothing[k & 1] + (uint64_t)noise[k] * p->keep[k & 1];
        const uint32_t estimate = (uint32_t)(sum >> p->scale_bits), taken = estimate > raised ? raised : estimate;
        const uint32_t least = (uint32_t)(((uint64_t)x[k] * p->floor) >> p->scale_bits);
        const uint32_t rest = (raised - taken) >> p->smoothing_bits;
        updated[k] = p->clamping ? taken : estimate;
        y[k] = rest > least ? rest : least;
    }
}

#endif
