/* Softmax on f16, bf16 and f64, portable. y may be x. */
#ifndef EDGEGEN_SOFTMAX_NARROW_H
#define EDGEGEN_SOFTMAX_NARROW_H

#include "kernels/small_float.h"
#include "kernels/softmax.h"

#define EDGEGEN_NEAREST_F16(v) edgegen_from_half(edgegen_to_half(v))
#define EDGEGEN_NEAREST_BF16(v) edgegen_load_bf16(edgegen_store_bf16(v))

/* Defines a kernel of `type`, whose numbers are computed with as `real`: differences, exponentials, the sum and
 * quotients are rounded to the type, the sum at its end or, by `added`, after each addition. */
#define EDGEGEN_SOFTMAX(name, type, real, math, load, store, nearest, added)                                           \
    EDGEGEN_KERNEL void name(const edgegen_softmax_f32 *p, const type *x, type *y)                                     \
    {                                                                                                                  \
        for (int32_t r = 0; r < p->rows; r++, x += p->depth, y += p->depth) {                                          \
            real most = load(x[0]), sum = 0;                                                                           \
            for (int32_t c = 1; c < p->depth; c++) {                                                                   \
                most = load(x[c]) > most ? load(x[c]) : most;                                                          \
            }                                                                                                          \
            for (int32_t c = 0; c < p->depth; c++) {                                                                   \
                y[c] = store(math(exp)(nearest((load(x[c]) - most) * (real)p->beta)));                                 \
                sum = added(sum + load(y[c]));                                                                         \
            }                                                                                                          \
            sum = nearest(sum);                                                                                        \
            for (int32_t c = 0; c < p->depth; c++) {                                                                   \
                y[c] = store(load(y[c]) / sum);                                                                        \
            }                                                                                                          \
        }                                                                                                              \
    }

EDGEGEN_SOFTMAX(softmax_f64, double, double, EDGEGEN_MATH_F64, EDGEGEN_AS_IT_IS, EDGEGEN_AS_IT_IS, EDGEGEN_AS_IT_IS,
                EDGEGEN_AS_IT_IS)
EDGEGEN_SOFTMAX(softmax_f16, uint16_t, float, EDGEGEN_MATH_F32, edgegen_from_half, edgegen_to_half, EDGEGEN_NEAREST_F16,
                EDGEGEN_AS_IT_IS)
EDGEGEN_SOFTMAX(softmax_bf16, uint16_t, float, EDGEGEN_MATH_F32, edgegen_load_bf16, edgegen_store_bf16,
                EDGEGEN_NEAREST_BF16, EDGEGEN_NEAREST_BF16)

#endif
