/* Natural logarithms of u32 in fixed point, portable. */
#ifndef EDGEGEN_SCALED_LOG_H
#define EDGEGEN_SCALED_LOG_H

#include "kernels/leading_zeros.h"

/* x is shifted up by `bits`, its logarithm multiplied by `scale` */
typedef struct {
    int32_t elements;
    uint32_t scale;
    int32_t bits;
} edgegen_scaled_log;

/* log2 with 16 bits of fraction, of x > 1; table[129]: what the logarithm has more than a line between powers of two */
EDGEGEN_INLINE uint32_t edgegen_log2(uint32_t x, const uint16_t *table)
{
    const int32_t whole = 31 - edgegen_leading_zeros(x);
    const uint32_t rest = x - (UINT32_C(1) << whole);
    const int32_t fraction = (int32_t)(whole < 16 ? rest << (16 - whole) : rest >> (whole - 16));
    const int32_t segment = fraction >> 9, first = table[segment], step = table[segment + 1] - first;
    const int32_t between = (step * (fraction - (segment << 9))) >> 16;
    return ((uint32_t)whole << 16) + (uint32_t)(fraction + first + between);
}

EDGEGEN_KERNEL void scaled_log_u32(const edgegen_scaled_log *p, const uint32_t *x, const uint16_t *table, int16_t *y)
{
    edgegen_over_s16 *const logarithm = (edgegen_over_s16 *)y;
    for (int32_t k = 0; k < p->elements; k++) {
        const uint32_t raised = x[k] << p->bits;
        if (raised <= 1) {
            logarithm[k] = 0;
            continue;
        }
        const uint64_t natural = ((uint64_t)45426 * edgegen_log2(raised, table) + 32768) >> 16; /* times ln 2 */
        const uint32_t scaled = (p->scale * (uint32_t)natural + 32768) >> 16;
        logarithm[k] = (int16_t)(scaled < INT16_MAX ? scaled : INT16_MAX);
    }
}

#endif
