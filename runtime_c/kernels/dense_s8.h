/* Dense layer on s8, portable. */
#ifndef EDGEGEN_DENSE_S8_H
#define EDGEGEN_DENSE_S8_H

#include "kernels/dense.h"

/* x[rows,depth] * (weights[units,depth] + weight_offset) + epilogue -> y[rows,units]; epilogue[units][3]: bias,
 * multiplier, shift. */
EDGEGEN_INLINE void edgegen_dense_s8_body(const edgegen_dense_s8 *p, const int8_t *x, const int8_t *weights,
                                          int32_t weight_offset, const int32_t *epilogue, int8_t *y)
{
    for (int32_t r = 0; r < p->rows; r++) {
        const int8_t *w = weights;
        for (int32_t o = 0; o < p->units; o++) {
            int32_t acc = epilogue[3 * o];
            for (int32_t k = 0; k < p->depth; k++) {
                acc += x[k] * (w[k] + weight_offset);
            }
            const int32_t multiplier = epilogue[3 * o + 1], shift = epilogue[3 * o + 2];
            acc = p->once != 0 ? edgegen_requantize_once(acc, multiplier, shift)
                               : edgegen_requantize(acc, multiplier, shift);
            y[o] = (int8_t)edgegen_clamp_s32(acc + p->zero_point, p->low, p->high);
            w += p->depth;
        }
        x += p->depth;
        y += p->units;
    }
}

EDGEGEN_KERNEL void dense_s8(const edgegen_dense_s8 *p, const int8_t *x, const int8_t *weights,
                             const int32_t *epilogue, int8_t *y)
{
    edgegen_dense_s8_body(p, x, weights, 0, epilogue, y);
}

EDGEGEN_KERNEL void dense_s8_offset(const edgegen_dense_s8 *p, const int8_t *x, const int8_t *weights,
                                    const int32_t *epilogue, int8_t *y)
{
    edgegen_dense_s8_body(p, x, weights, p->weight_offset, epilogue, y);
}

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
