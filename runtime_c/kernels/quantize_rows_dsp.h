/* f32 quantized to s8 while the model runs, on cores with the DSP extension and single-precision floating point. */
#ifndef EDGEGEN_QUANTIZE_ROWS_DSP_H
#define EDGEGEN_QUANTIZE_ROWS_DSP_H

#include "kernels/quantize_rows.h"
#include "simd/dsp.h"

/* x * inverse, half of twice_inverse, rounded half away from zero, plus zero, saturated to s8. */
EDGEGEN_INLINE int8_t edgegen_dsp_quantized(float x, float twice_inverse, int32_t zero)
{
#if EDGEGEN_DSP_ASM && defined(__ARM_FP)
    float twice = x * twice_inverse;
    int32_t halves, sum;
    __asm__("vcvt.s32.f32 %0, %0" : "+t"(twice)); /* saturates, and makes 0 of NaN */
    memcpy(&halves, &twice, sizeof halves);
    sum = ((halves + 1 + (halves >> 31)) >> 1) + zero;
    __asm__("ssat %0, #8, %0" : "+r"(sum));
    return (int8_t)sum;
#else
    return (int8_t)edgegen_clamp_s32(edgegen_quantized_by(x, twice_inverse) + zero, -128, 127);
#endif
}

EDGEGEN_INLINE uint32_t edgegen_dsp_bits(const float *x)
{
    uint32_t bits;
    memcpy(&bits, x, sizeof bits);
    return bits;
}

EDGEGEN_INLINE float edgegen_dsp_float(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_dsp_quantize_all(const float *x, int32_t depth, float inverse,
                                                                     int32_t zero, int8_t *q)
{
    const float twice = 2.0f * inverse;
    for (; depth >= 4; depth -= 4, x += 4, q += 4) { /* q may be x: its bytes lie before what is still to be read */
        const int8_t q0 = edgegen_dsp_quantized(x[0], twice, zero), q1 = edgegen_dsp_quantized(x[1], twice, zero);
        const int8_t q2 = edgegen_dsp_quantized(x[2], twice, zero), q3 = edgegen_dsp_quantized(x[3], twice, zero);
        q[0] = q0;
        q[1] = q1;
        q[2] = q2;
        q[3] = q3;
    }
    for (; depth > 0; depth--) {
        *q++ = edgegen_dsp_quantized(*x++, twice, zero);
    }
}

/* The greatest float that is not negative among `depth`, by its bits, which are in the same order; 0 if there is none.
 * *least: bits of the least negative float's, whose order as unsigned numbers is the other way round; or any positive. */
EDGEGEN_INLINE float edgegen_dsp_range(const float *x, int32_t depth, uint32_t *least)
{
    int32_t high = 0;
    uint32_t low = 0;
    for (int32_t i = 0; i < depth; i++) {
        const uint32_t bits = edgegen_dsp_bits(x + i);
        high = edgegen_max_s32((int32_t)bits, high);
        low = bits > low ? bits : low;
    }
    *least = low;
    return edgegen_dsp_float((uint32_t)high);
}

/* As quantize_rows_symmetric; NaN makes some number of the range of it, and of its row any scale. */
EDGEGEN_KERNEL void quantize_rows_symmetric_dsp(const edgegen_quantize_rows *p, const float *x, int8_t *q, float *scale,
                                                int32_t *zero)
{
    for (int32_t r = 0; r < p->rows; r++) {
        uint32_t most = 0;
        for (int32_t i = 0; i < p->depth; i++) {
            const uint32_t bits = edgegen_dsp_bits(x + i) & UINT32_C(0x7fffffff);
            most = bits > most ? bits : most;
        }
        const float range = edgegen_dsp_float(most);
        edgegen_dsp_quantize_all(x, p->depth, most != 0 ? 127.0f / range : 0.0f, 0, q);
        scale[r] = most != 0 ? range / 127.0f : 1.0f;
        zero[r] = 0;
        x += p->depth;
        q += p->depth;
    }
}

/* As quantize_rows_asymmetric. */
EDGEGEN_KERNEL void quantize_rows_asymmetric_dsp(const edgegen_quantize_rows *p, const float *x, int8_t *q,
                                                 float *scale, int32_t *zero)
{
    for (int32_t r = 0; r < p->rows; r++) {
        uint32_t least;
        const float high = edgegen_dsp_range(x, p->depth, &least);
        const float low = least >> 31 != 0 ? edgegen_dsp_float(least) : 0.0f;
        scale[r] = 1.0f;
        zero[r] = 0;
        if (low < high) {
            scale[r] = edgegen_asymmetric_scale(low, high, zero + r);
        }
        const float inverse = low < high && scale[r] > 0.0f ? 1.0f / scale[r] : 0.0f;
        edgegen_dsp_quantize_all(x, p->depth, inverse, zero[r], q);
        x += p->depth;
        q += p->depth;
    }
}

#endif
