/* Functions of one float, element by element, portable. y may be x. */
#ifndef EDGEGEN_UNARY_FLOAT_H
#define EDGEGEN_UNARY_FLOAT_H

#include "edgegen.h"

typedef struct {
    int32_t count;
    float alpha;
} edgegen_unary_float;

/* Defines the kernel `name`: `value` of each element v, which is read by `load` and written by `store`. */
#define EDGEGEN_UNARY_AS(name, type, value, stored, load, store)                                                       \
    EDGEGEN_KERNEL void name(const edgegen_unary_float *p, const stored *x, stored *y)                                 \
    {                                                                                                                  \
        for (int32_t i = 0; i < p->count; i++) {                                                                       \
            const type v = load(x[i]);                                                                                 \
            y[i] = store(value);                                                                                       \
        }                                                                                                              \
    }
#define EDGEGEN_UNARY_FLOAT(name, type, value)                                                                         \
    EDGEGEN_UNARY_AS(name, type, value, type, EDGEGEN_AS_IT_IS, EDGEGEN_AS_IT_IS)

/* log(1 + exp(v)) without overflow */
#define EDGEGEN_SOFTPLUS(M, v, zero) ((v) > (zero) ? (v) + M(log1p)(M(exp)(-(v))) : M(log1p)(M(exp)(v)))

/* DEFINE(name, type, value) for each function. type: that is computed in, also called `real`; M(function): the function
 * of <math.h> for it. The limits of logistic are TensorFlow Lite Micro's. */
#define EDGEGEN_UNARY_FLOATS(dtype, real, type, M, DEFINE)                                                             \
    DEFINE(logistic_##dtype, type,                                                                                     \
                        v > (type)16.619047164916992 ? 1 : v < -9 ? M(exp)(v) : 1 / (1 + M(exp)(-v)))                  \
    DEFINE(tanh_##dtype, type, M(tanh)(v))                                                                             \
    DEFINE(hard_swish_##dtype, type, v *edgegen_clamp_##real(v + 3, 0, 6) / 6)                                         \
    DEFINE(leaky_relu_##dtype, type, v > 0 ? v : v * p->alpha)                                                         \
    DEFINE(abs_##dtype, type, M(fabs)(v))                                                                              \
    DEFINE(acos_##dtype, type, M(acos)(v))                                                                             \
    DEFINE(acosh_##dtype, type, M(acosh)(v))                                                                           \
    DEFINE(asin_##dtype, type, M(asin)(v))                                                                             \
    DEFINE(asinh_##dtype, type, M(asinh)(v))                                                                           \
    DEFINE(atan_##dtype, type, M(atan)(v))                                                                             \
    DEFINE(atanh_##dtype, type, M(atanh)(v))                                                                           \
    DEFINE(ceil_##dtype, type, M(ceil)(v))                                                                             \
    DEFINE(cos_##dtype, type, M(cos)(v))                                                                               \
    DEFINE(cosh_##dtype, type, M(cosh)(v))                                                                             \
    DEFINE(elu_##dtype, type, v < 0 ? M(expm1)(v) : v)                                                                 \
    DEFINE(erf_##dtype, type, M(erf)(v))                                                                               \
    DEFINE(exp_##dtype, type, M(exp)(v))                                                                               \
    DEFINE(floor_##dtype, type, M(floor)(v))                                                                           \
    DEFINE(gelu_##dtype, type, v *(type)0.5 * M(erfc)(v * -(type)0.70710678118654752))                                 \
    DEFINE(gelu_tanh_##dtype, type,                                                                                    \
           (type)0.5 * v * (1 + M(tanh)((type)0.79788456080286536 * (v + (type)0.044715 * v * v * v))))                \
    DEFINE(log_##dtype, type, M(log)(v))                                                                               \
    DEFINE(mish_##dtype, type, v *M(tanh)(EDGEGEN_SOFTPLUS(M, v, 0)))                                                  \
    DEFINE(neg_##dtype, type, -v)                                                                                      \
    DEFINE(round_##dtype, type, M(rint)(v))                                                                            \
    DEFINE(rsqrt_##dtype, type, 1 / M(sqrt)(v))                                                                        \
    DEFINE(sign_##dtype, type, v > 0 ? 1 : v < 0 ? -1 : v)                                                             \
    DEFINE(silu_##dtype, type, v / (1 + M(exp)(-v * p->alpha)))                                                        \
    DEFINE(sin_##dtype, type, M(sin)(v))                                                                               \
    DEFINE(sinh_##dtype, type, M(sinh)(v))                                                                             \
    DEFINE(softplus_##dtype, type, EDGEGEN_SOFTPLUS(M, v, 0))                                                          \
    DEFINE(softsign_##dtype, type, v / (1 + M(fabs)(v)))                                                               \
    DEFINE(sqrt_##dtype, type, M(sqrt)(v))                                                                             \
    DEFINE(square_##dtype, type, v *v)                                                                                 \
    DEFINE(tan_##dtype, type, M(tan)(v))

EDGEGEN_UNARY_FLOATS(f32, f32, float, EDGEGEN_MATH_F32, EDGEGEN_UNARY_FLOAT)
EDGEGEN_UNARY_FLOATS(f64, f64, double, EDGEGEN_MATH_F64, EDGEGEN_UNARY_FLOAT)

#endif
