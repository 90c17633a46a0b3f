/* Quantized integers to another scale, zero point or type, portable. 8 to 8 bits is a table: see lookup_8.h. */
#ifndef EDGEGEN_REQUANTIZE_H
#define EDGEGEN_REQUANTIZE_H

#include "kernels/stores.h"

typedef struct {
    int32_t count, backward, x_zero;                  /* backward: from the last element to the first */
    int32_t multiplier, shift, zero_point, low, high; /* of the output */
} edgegen_requantize_params;

EDGEGEN_INLINE int32_t edgegen_requantize_element(const edgegen_requantize_params *p, int32_t x)
{
    const int32_t value = (int32_t)((uint32_t)x - (uint32_t)p->x_zero);
    const int32_t scaled = edgegen_requantize(value, p->multiplier, p->shift);
    return edgegen_clamp_s32((int32_t)((uint32_t)scaled + (uint32_t)p->zero_point), p->low, p->high);
}

/* Defines the kernel requantize_<of>_<to>. */
#define EDGEGEN_REQUANTIZE(of, of_type, to, to_type)                                                                   \
    EDGEGEN_KERNEL void requantize_##of##_##to(const edgegen_requantize_params *p, const of_type *x, to_type *y)       \
    {                                                                                                                  \
        EDGEGEN_STORE_VECTORS(p, of_type, x, to_type, y, edgegen_requantize_element)                                   \
    }

EDGEGEN_REQUANTIZE(s8, int8_t, s16, int16_t)
EDGEGEN_REQUANTIZE(s8, int8_t, s32, int32_t)
EDGEGEN_REQUANTIZE(u8, uint8_t, s16, int16_t)
EDGEGEN_REQUANTIZE(u8, uint8_t, s32, int32_t)
EDGEGEN_REQUANTIZE(s16, int16_t, s8, int8_t)
EDGEGEN_REQUANTIZE(s16, int16_t, u8, uint8_t)
EDGEGEN_REQUANTIZE(s16, int16_t, s16, int16_t)
EDGEGEN_REQUANTIZE(s16, int16_t, s32, int32_t)
EDGEGEN_REQUANTIZE(s32, int32_t, s8, int8_t)
EDGEGEN_REQUANTIZE(s32, int32_t, u8, uint8_t)
EDGEGEN_REQUANTIZE(s32, int32_t, s16, int16_t)
EDGEGEN_REQUANTIZE(s32, int32_t, s32, int32_t)

#endif
