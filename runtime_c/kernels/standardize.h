/* Rows brought to mean 0 and variance 1, or to mean square 1, portable. y may be x. */
#ifndef EDGEGEN_STANDARDIZE_H
#define EDGEGEN_STANDARDIZE_H

#include "edgegen.h"

/* centered: the mean is taken away first */
typedef struct {
    int32_t rows, depth, centered;
    double epsilon;
} edgegen_standardize;

/* Defines the kernels of one type: alone, with a scale, and with scale and bias, which are NULL where absent. Sums are
 * made in eight parts, which keeps them exact and lets compilers use vectors. */
#define EDGEGEN_STANDARDIZE(type, real, math)                                                                          \
    EDGEGEN_INLINE real edgegen_mean_power_##type(const real *x, int32_t depth, real mean, int32_t squares)            \
    {                                                                                                                  \
        real sums[8] = {0, 0, 0, 0, 0, 0, 0, 0};                                                                       \
        int32_t c = 0;                                                                                                 \
        for (; c + 8 <= depth; c += 8) {                                                                               \
            for (int32_t l = 0; l < 8; l++) {                                                                          \
                const real v = x[c + l] - mean;                                                                        \
                sums[l] += squares != 0 ? v * v : v;                                                                   \
            }                                                                                                          \
        }                                                                                                              \
        for (; c < depth; c++) {                                                                                       \
            sums[0] += squares != 0 ? (x[c] - mean) * (x[c] - mean) : x[c] - mean;                                     \
        }                                                                                                              \
        for (int32_t l = 4; l < 8; l++) {                                                                              \
            sums[l - 4] += sums[l];                                                                                    \
        }                                                                                                              \
        return (sums[0] + sums[1] + (sums[2] + sums[3])) / (real)depth;                                                \
    }                                                                                                                  \
                                                                                                                       \
    EDGEGEN_INLINE void edgegen_standardize_##type(const edgegen_standardize *p, const real *x, const real *scale,     \
                                                   const real *bias, real *y)                                          \
    {                                                                                                                  \
        for (int32_t r = 0; r < p->rows; r++, x += p->depth, y += p->depth) {                                          \
            const real mean = p->centered != 0 ? edgegen_mean_power_##type(x, p->depth, 0, 0) : 0;                     \
            const real variance = edgegen_mean_power_##type(x, p->depth, mean, 1);                                     \
            const real inverse = 1 / math(sqrt)(variance + (real)p->epsilon);                                          \
            for (int32_t c = 0; c < p->depth; c++) {                                                                   \
                const real v = (x[c] - mean) * inverse;                                                                \
                y[c] = scale == NULL ? v : bias == NULL ? v * scale[c] : v * scale[c] + bias[c];                       \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    EDGEGEN_KERNEL void standardize_##type(const edgegen_standardize *p, const real *x, real *y)                       \
    {                                                                                                                  \
        edgegen_standardize_##type(p, x, NULL, NULL, y);                                                               \
    }                                                                                                                  \
                                                                                                                       \
    EDGEGEN_KERNEL void standardize_scale_##type(const edgegen_standardize *p, const real *x, const real *scale,       \
                                                 real *y)                                                              \
    {                                                                                                                  \
        edgegen_standardize_##type(p, x, scale, NULL, y);                                                              \
    }                                                                                                                  \
                                                                                                                       \
    EDGEGEN_KERNEL void standardize_scale_bias_##type(const edgegen_standardize *p, const real *x, const real *scale,  \
                                                      const real *bias, real *y)                                       \
    {                                                                                                                  \
        edgegen_standardize_##type(p, x, scale, bias, y);                                                              \
    }

EDGEGEN_STANDARDIZE(f32, float, EDGEGEN_MATH_F32)
EDGEGEN_STANDARDIZE(f64, double, EDGEGEN_MATH_F64)

#endif
