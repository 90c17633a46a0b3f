/* Functions of one float, element by element, portable. y may be x. */
#ifndef EDGEGEN_UNARY_FLOAT_H
#define EDGEGEN_UNARY_FLOAT_H

#include "edgegen.h"

typedef struct {
    int32_t count;
    float alpha;
} edgegen_unary_float;

/* Defines the kernel <name>_<dtype>: `value` of each element v. */
#define EDGEGEN_UNARY_FLOAT(name, type, value)                                                                         \
    EDGEGEN_KERNEL void name(const edgegen_unary_float *p, const type *x, type *y)                                     \
    {                                                                                                                  \
        for (int32_t i = 0; i < p->count; i++) {                                                                       \
            const type v = x[i];                                                                                       \
            y[i] = value;                                                                                              \
        }                                                                                                              \
    }

/* log(1 + exp(v)) without overflow */
#define EDGEGEN_SOFTPLUS(M, v, zero) ((v) > (zero) ? (v) + M(log1p)(M(exp)(-(v))) : M(log1p)(M(exp)(v)))

/* M(function) is the function of <math.h> for the type. The limits of logistic are TensorFlow Lite Micro's. */
#define EDGEGEN_UNARY_FLOATS(dtype, type, M)                                                                           \
    EDGEGEN_UNARY_FLOAT(logistic_##dtype, type,                                                                        \
                        v > (type)16.619047164916992 ? 1 : v < -9 ? M(exp)(v) : 1 / (1 + M(exp)(-v)))                  \
    EDGEGEN_UNARY_FLOAT(tanh_##dtype, type, M(tanh)(v))                                                                \
    EDGEGEN_UNARY_FLOAT(hard_swish_##dtype, type, v *edgegen_clamp_##dtype(v + 3, 0, 6) / 6)                           \
    EDGEGEN_UNARY_FLOAT(leaky_relu_##dtype, type, v > 0 ? v : v * p->alpha)                                            \
    EDGEGEN_UNARY_FLOAT(abs_##dtype, type, M(fabs)(v))                                                                 \
    EDGEGEN_UNARY_FLOAT(acos_##dtype, type, M(acos)(v))                                                                \
    EDGEGEN_UNARY_FLOAT(acosh_##dtype, type, M(acosh)(v))                                                              \
    EDGEGEN_UNARY_FLOAT(asin_##dtype, type, M(asin)(v))                                                                \
    EDGEGEN_UNARY_FLOAT(asinh_##dtype, type, M(asinh)(v))                                                              \
    EDGEGEN_UNARY_FLOAT(atan_##dtype, type, M(atan)(v))                                                                \
    EDGEGEN_UNARY_FLOAT(atanh_##dtype, type, M(atanh)(v))                                                              \
    EDGEGEN_UNARY_FLOAT(ceil_##dtype, type, M(ceil)(v))                                                                \
    EDGEGEN_UNARY_FLOAT(cos_##dtype, type, M(cos)(v))                                                                  \
    EDGEGEN_UNARY_FLOAT(cosh_##dtype, type, M(cosh)(v))                                                                \
    EDGEGEN_UNARY_FLOAT(elu_##dtype, type, v < 0 ? M(expm1)(v) : v)                                                    \
    EDGEGEN_UNARY_FLOAT(erf_##dtype, type, M(erf)(v))                                                                  \
    EDGEGEN_UNARY_FLOAT(exp_##dtype, type, M(exp)(v))                                                                  \
    EDGEGEN_UNARY_FLOAT(floor_##dtype, type, M(floor)(v))                                                              \
    EDGEGEN_UNARY_FLOAT(gelu_##dtype, type, v *(type)0.5 * M(erfc)(v * -(type)0.70710678118654752))                    \
    EDGEGEN_UNARY_FLOAT(                                                                                               \
        gelu_tanh_##dtype, type,                                                                                       \
        (type)0.5 * v * (1 + M(tanh)((type)0.79788456080286536 * (v + (type)0.044715 * v * v * v))))                   \
    EDGEGEN_UNARY_FLOAT(log_##dtype, type, M(log)(v))                                                                  \
    EDGEGEN_UNARY_FLOAT(mish_##dtype, type, v *M(tanh)(EDGEGEN_SOFTPLUS(M, v, 0)))                                     \
    EDGEGEN_UNARY_FLOAT(neg_##dtype, type, -v)                                                                         \
    EDGEGEN_UNARY_FLOAT(round_##dtype, type, M(rint)(v))                                                               \
    EDGEGEN_UNARY_FLOAT(rsqrt_##dtype, type, 1 / M(sqrt)(v))                                                           \
    EDGEGEN_UNARY_FLOAT(sign_##dtype, type, v > 0 ? 1 : v < 0 ? -1 : v)                                                \
    EDGEGEN_UNARY_FLOAT(silu_##dtype, type, v / (1 + M(exp)(-v * p->alpha)))                                           \
    EDGEGEN_UNARY_FLOAT(sin_##dtype, type, M(sin)(v))                                                                  \
    EDGEGEN_UNARY_FLOAT(sinh_##dtype, type, M(sinh)(v))                                                                \
    EDGEGEN_UNARY_FLOAT(softplus_##dtype, type, EDGEGEN_SOFTPLUS(M, v, 0))                                             \
    EDGEGEN_UNARY_FLOAT(softsign_##dtype, type, v / (1 + M(fabs)(v)))                                                  \
    EDGEGEN_UNARY_FLOAT(sqrt_##dtype, type, M(sqrt)(v))                                                                \
    EDGEGEN_UNARY_FLOAT(square_##dtype, type, v *v)                                                                    \
    EDGEGEN_UNARY_FLOAT(tan_##dtype, type, M(tan)(v))

EDGEGEN_UNARY_FLOATS(f32, float, EDGEGEN_MATH_F32)
EDGEGEN_UNARY_FLOATS(f64, double, EDGEGEN_MATH_F64)

#endif
