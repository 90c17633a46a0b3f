/* Sums and means over any axes on quantized integers, portable. */
#ifndef EDGEGEN_REDUCE_QUANTIZED_H
#define EDGEGEN_REDUCE_QUANTIZED_H

#include "kernels/reduce.h"

/* Defines the kernel reduce_<name>, which requantizes by a function. Sums wrap around. */
#define EDGEGEN_REDUCE_QUANTIZED(name, type, requantize, low, high)                                                    \
    EDGEGEN_KERNEL void reduce_##name(const edgegen_reduce_quantized *p, const type *x, type *y)                       \
    {                                                                                                                  \
        const int32_t *n = p->kept_extent, *s = p->kept_stride, *m = p->extent, *w = p->stride;                        \
        EDGEGEN_REDUCE_KEPT(n) {                                                                                       \
            const type *from = x + EDGEGEN_REDUCE_PLACE(i, j, k, l, s);                                                \
            uint32_t sum = (uint32_t)p->offset;                                                                        \
            EDGEGEN_REDUCE_OVER(m) {                                                                                   \
                const int32_t v = from[EDGEGEN_REDUCE_PLACE(o, q, r, t, w)];                                           \
                sum = sum + (uint32_t)v;                                                                               \
            }                                                                                                          \
            const int32_t scaled = requantize((int32_t)sum, p->multiplier, p->shift) + p->zero_point;                  \
            *y++ = (type)edgegen_clamp_s32(scaled, low, high);                                                         \
        }                                                                                                              \
    }

EDGEGEN_REDUCE_QUANTIZED(s8, int8_t, edgegen_requantize, -128, 127)
EDGEGEN_REDUCE_QUANTIZED(s8_scaled, int8_t, edgegen_requantize_scaled, -128, 127)
EDGEGEN_REDUCE_QUANTIZED(s16, int16_t, edgegen_requantize, -32768, 32767)

#endif
