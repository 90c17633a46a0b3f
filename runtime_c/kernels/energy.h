/* Squared magnitudes of complex s16, portable. */
#ifndef EDGEGEN_ENERGY_H
#define EDGEGEN_ENERGY_H

#include "edgegen.h"

/* count: complex numbers; those before `start` and from `stop` on give 0 */
typedef struct {
    int32_t count, start, stop;
} edgegen_energy;

EDGEGEN_KERNEL void energy_s16(const edgegen_energy *p, const int16_t *x, uint32_t *y)
{
    edgegen_over_u32 *const energy = (edgegen_over_u32 *)y;
    for (int32_t k = 0; k < p->start; k++) {
        energy[k] = 0;
    }
    for (int32_t k = p->start; k < p->stop; k++) {
        const int32_t re = x[2 * k], im = x[2 * k + 1];
        energy[k] = (uint32_t)(re * re) + (uint32_t)(im * im);
    }
    for (int32_t k = p->stop; k < p->count; k++) {
        energy[k] = 0;
    }
}

#endif
