/* Dense layer on s8, portable. */
#ifndef EDGEGEN_DENSE_S8_H
#define EDGEGEN_DENSE_S8_H

#include "kernels/dense.h"

/* Defines edgegen_dense_s8_<name>: x[rows,depth] * (weights[units,depth] + weight_offset) + epilogue -> y[rows,units],
 * requantized by a function and given a type, limited or not; epilogue[units][3]: bias, multiplier, shift. */
#define EDGEGEN_DENSE_S8(name, type, requantize, limit)                                                                \
    EDGEGEN_INLINE void edgegen_dense_s8_##name(const edgegen_dense_s8 *p, const int8_t *x, const int8_t *weights,     \
                                                int32_t weight_offset, const int32_t *epilogue, type *y)               \
    {                                                                                                                  \
        for (int32_t r = 0; r < p->rows; r++) {                                                                        \
            const int8_t *w = weights;                                                                                 \
            for (int32_t o = 0; o < p->units; o++) {                                                                   \
                int32_t acc = epilogue[3 * o];                                                                         \
                for (int32_t k = 0; k < p->depth; k++) {                                                               \
                    acc += x[k] * (w[k] + weight_offset);                                                              \
                }                                                                                                      \
                acc = requantize(acc, epilogue[3 * o + 1], epilogue[3 * o + 2]) + p->zero_point;                       \
                y[o] = limit;                                                                                          \
                w += p->depth;                                                                                         \
            }                                                                                                          \
            x += p->depth;                                                                                             \
            y += p->step;                                                                                              \
        }                                                                                                              \
    }

EDGEGEN_DENSE_S8(twice, int8_t, edgegen_requantize, (int8_t)edgegen_clamp_s32(acc, p->low, p->high))
EDGEGEN_DENSE_S8(once, int8_t, edgegen_requantize_once, (int8_t)edgegen_clamp_s32(acc, p->low, p->high))
EDGEGEN_DENSE_S8(scaled, int8_t, edgegen_requantize_scaled, (int8_t)edgegen_clamp_s32(acc, p->low, p->high))
EDGEGEN_DENSE_S8(sums, int32_t, edgegen_requantize_not, acc)

/* Defines the kernel <kernel> and, for weights less an offset, <kernel>_offset. */
#define EDGEGEN_DENSE_S8_KERNELS(kernel, name, type)                                                                   \
    EDGEGEN_KERNEL void kernel(const edgegen_dense_s8 *p, const int8_t *x, const int8_t *weights,                      \
                               const int32_t *epilogue, type *y)                                                       \
    {                                                                                                                  \
        edgegen_dense_s8_##name(p, x, weights, 0, epilogue, y);                                                        \
    }                                                                                                                  \
    EDGEGEN_KERNEL void kernel##_offset(const edgegen_dense_s8 *p, const int8_t *x, const int8_t *weights,             \
                                        const int32_t *epilogue, type *y)                                              \
    {                                                                                                                  \
        edgegen_dense_s8_##name(p, x, weights, p->weight_offset, epilogue, y);                                         \
    }

EDGEGEN_DENSE_S8_KERNELS(dense_s8, twice, int8_t)
EDGEGEN_DENSE_S8_KERNELS(dense_s8_once, once, int8_t)
EDGEGEN_DENSE_S8_KERNELS(dense_s8_scaled, scaled, int8_t)
EDGEGEN_DENSE_S8_KERNELS(dense_s8_s32, sums, int32_t)

/* The same with weights computed at run time, so that the bias does not hold their sums times x_zero. */
EDGEGEN_KERNEL void dense_s8_computed(const edgegen_dense_s8_computed *p, const int8_t *x, const int8_t *weights,
                                      const int32_t *epilogue, int8_t *y)
{
    for (int32_t r = 0; r < p->rows; r++) {
        const int8_t *w = weights;
        for (int32_t o = 0; o < p->units; o++) {
            int32_t acc = epilogue[3 * o];
            for (int32_t k = 0; k < p->depth; k++) {
                acc += (x[k] - p->x_zero) * w[k];
            }
            acc = edgegen_requantize(acc, epilogue[3 * o + 1], epilogue[3 * o + 2]) + p->zero_point;
            *y++ = (int8_t)edgegen_clamp_s32(acc, p->low, p->high);
            w += p->depth;
        }
        x += p->depth;
    }
}

#endif
