/* Any function of one byte, by table. */
#ifndef EDGEGEN_LOOKUP_8_H
#define EDGEGEN_LOOKUP_8_H

#include "edgegen.h"

typedef struct {
    int32_t count;
} edgegen_lookup;

/* y[i] = table[x[i]], elements taken as unsigned bytes. y may be x. */
EDGEGEN_KERNEL void lookup_8(const edgegen_lookup *p, const void *x, const uint8_t *table, void *y)
{
    const uint8_t *in = (const uint8_t *)x;
    uint8_t *out = (uint8_t *)y;
    for (int32_t i = 0; i < p->count; i++) {
        out[i] = table[in[i]];
    }
}

#endif
