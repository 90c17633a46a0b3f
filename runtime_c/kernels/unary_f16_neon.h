/* Bounds on f16 numbers, and functions of one that are a single operation: eight at a time. y may be x. */
#ifndef EDGEGEN_UNARY_F16_NEON_H
#define EDGEGEN_UNARY_F16_NEON_H

#include "kernels/clamp_half.h"
#include "kernels/unary_half.h"
#include "simd/neon_halves.h"

/* `portable` computes what is left after eight at a time. */
#define EDGEGEN_NEON_UNARY_F16(name, params, portable, VECTOR)                                                         \
    EDGEGEN_KERNEL void name(const params *p, const uint16_t *x, uint16_t *y)                                          \
    {                                                                                                                  \
        int32_t i = 0;                                                                                                 \
        for (; i + 8 <= p->count; i += 8) {                                                                            \
            edgegen_neon_store_f16(y + i, VECTOR(edgegen_neon_load_f16(x + i)));                                       \
        }                                                                                                              \
        params rest = *p;                                                                                              \
        rest.count -= i;                                                                                               \
        portable(&rest, x + i, y + i);                                                                                 \
    }

#define EDGEGEN_NEON_SQUARE_F16(v) vmulq_f16(v, v)
#define EDGEGEN_NEON_WITHIN_F16(v) edgegen_neon_clamp_f16(v, edgegen_neon_bounds(p->low, p->high))

EDGEGEN_NEON_UNARY_F16(clamp_f16_neon, edgegen_bounds_f32, clamp_f16, EDGEGEN_NEON_WITHIN_F16)
EDGEGEN_NEON_UNARY_F16(abs_f16_neon, edgegen_unary_float, abs_f16, vabsq_f16)
EDGEGEN_NEON_UNARY_F16(neg_f16_neon, edgegen_unary_float, neg_f16, vnegq_f16)
EDGEGEN_NEON_UNARY_F16(sqrt_f16_neon, edgegen_unary_float, sqrt_f16, vsqrtq_f16)
EDGEGEN_NEON_UNARY_F16(square_f16_neon, edgegen_unary_float, square_f16, EDGEGEN_NEON_SQUARE_F16)
EDGEGEN_NEON_UNARY_F16(ceil_f16_neon, edgegen_unary_float, ceil_f16, vrndpq_f16)
EDGEGEN_NEON_UNARY_F16(floor_f16_neon, edgegen_unary_float, floor_f16, vrndmq_f16)
EDGEGEN_NEON_UNARY_F16(round_f16_neon, edgegen_unary_float, round_f16, vrndnq_f16)

#endif
