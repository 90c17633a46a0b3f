/* Activations of one f32 in single precision alone, for cores without f64: within 3 units in the last place. */
#ifndef EDGEGEN_ACTIVATION_F32_H
#define EDGEGEN_ACTIVATION_F32_H

#include "edgegen.h"

/* In the order of codegen/ops/recurrent.py. */
enum { EDGEGEN_NONE, EDGEGEN_RELU, EDGEGEN_RELU_N1_TO_1, EDGEGEN_RELU6, EDGEGEN_TANH, EDGEGEN_LOGISTIC };

/* exp(x) for x in [-87, 0], and at least exp(-87) below. x = n * log(2) + r with |r| <= log(2) / 2; 2^n is made of an
 * exponent's bits; exp(r) is 1 + r + r^2 times a polynomial fitted to (exp(r) - 1 - r) / r^2 at Chebyshev points. */
EDGEGEN_INLINE float edgegen_exp_of_negative_f32(float x)
{
    x = x < -87.0f ? -87.0f : x;
    const float shifted = x * 1.44269504f + 12582912.0f; /* n stands in the low bits */
    const float n = shifted - 12582912.0f;
    const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    float q = 0.0013950599823147058f;
    q = q * r + 0.008368954062461853f;
    q = q * r + 0.04166620597243309f;
    q = q * r + 0.166665181517601f;
    q = q * r + 0.5f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127u) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return (q * r * r + r + 1.0f) * power;
}

EDGEGEN_INLINE float edgegen_logistic_f32(float x)
{
    const float e = edgegen_exp_of_negative_f32(-fabsf(x));
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

/* Near 0 an odd polynomial, fitted likewise, since 1 - exp(-2x) has few bits there. */
EDGEGEN_INLINE float edgegen_tanh_f32(float x)
{
    const float a = fabsf(x);
    if (a < 0.625f) {
        const float u = x * x;
        float q = -0.005717036779969931f;
        q = q * u + 0.020650578662753105f;
        q = q * u + -0.05374349653720856f;
        q = q * u + 0.13331490755081177f;
        q = q * u + -0.3333328366279602f;
        return q * u * x + x;
    }
    const float e = edgegen_exp_of_negative_f32(-2.0f * a);
    const float y = (1.0f - e) / (1.0f + e);
    return x < 0.0f ? -y : y;
}

EDGEGEN_INLINE float edgegen_activation_f32(int32_t activation, float x)
{
    switch (activation) {
    case EDGEGEN_RELU:
        return x < 0.0f ? 0.0f : x;
    case EDGEGEN_RELU_N1_TO_1:
        return edgegen_clamp_f32(x, -1.0f, 1.0f);
    case EDGEGEN_RELU6:
        return edgegen_clamp_f32(x, 0.0f, 6.0f);
    case EDGEGEN_TANH:
        return edgegen_tanh_f32(x);
    case EDGEGEN_LOGISTIC:
        return edgegen_logistic_f32(x);
    default:
        return x;
    }
}

#endif
