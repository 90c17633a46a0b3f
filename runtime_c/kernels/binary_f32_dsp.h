/* Element-wise add, sub and mul on f32 for cores with the DSP extension: eight elements at a time. */
#ifndef EDGEGEN_BINARY_F32_DSP_H
#define EDGEGEN_BINARY_F32_DSP_H

#include "simd/dsp_float.h"

typedef struct {
    int32_t elements;
    float low, high;
} edgegen_binary_f32_dsp;

#if EDGEGEN_FLOAT_ASM

/* `blocks` (at least one) blocks of eight elements of a and b; negative results become 0 if `relu`. */
#define EDGEGEN_FLOAT_BLOCKS(name, operation)                                                                          \
    EDGEGEN_DSP_NAKED void name(const float *a EDGEGEN_UNUSED, const float *b EDGEGEN_UNUSED, float *y EDGEGEN_UNUSED, \
                                int32_t blocks EDGEGEN_UNUSED, int32_t relu EDGEGEN_UNUSED)                            \
    {                                                                                                                  \
        __asm__("ldr r12, [sp]\n"                                                                                      \
                "push {r4-r7}\n"                                                                                       \
                "1:\n"                                                                                                 \
                "vldm r0!, {s0-s7}\n"                                                                                  \
                "vldm r1!, {s8-s15}\n" operation " s0, s0, s8\n" operation " s1, s1, s9\n" operation                   \
                " s2, s2, s10\n" operation " s3, s3, s11\n" operation " s4, s4, s12\n" operation                       \
                " s5, s5, s13\n" operation " s6, s6, s14\n" operation " s7, s7, s15\n"                                 \
                "cmp r12, #0\n"                                                                                        \
                "bne 2f\n"                                                                                             \
                "vstmia r2!, {s0-s7}\n"                                                                                \
                "subs r3, r3, #1\n"                                                                                    \
                "bne 1b\n"                                                                                             \
                "b 3f\n"                                                                                               \
                "2:\n" EDGEGEN_FLOAT_RELU_4("r2", "s0", "s1", "s2", "s3")                                              \
                EDGEGEN_FLOAT_RELU_4("r2", "s4", "s5", "s6", "s7")                                                     \
                "subs r3, r3, #1\n"                                                                                    \
                "bne 1b\n"                                                                                             \
                "3:\n"                                                                                                 \
                "pop {r4-r7}\n"                                                                                        \
                "bx lr\n");                                                                                            \
    }

EDGEGEN_FLOAT_BLOCKS(edgegen_float_add, "vadd.f32")
EDGEGEN_FLOAT_BLOCKS(edgegen_float_sub, "vsub.f32")
EDGEGEN_FLOAT_BLOCKS(edgegen_float_mul, "vmul.f32")

#else

#define EDGEGEN_FLOAT_BLOCKS(name, operation)                                                                          \
    EDGEGEN_INLINE void name(const float *a, const float *b, float *y, int32_t blocks, int32_t relu)                   \
    {                                                                                                                  \
        for (int32_t k = 0; k < 8 * blocks; k++) {                                                                     \
            const float v = a[k] operation b[k];                                                                       \
            y[k] = relu != 0 && v < 0.0f ? 0.0f : v;                                                                   \
        }                                                                                                              \
    }

EDGEGEN_FLOAT_BLOCKS(edgegen_float_add, +)
EDGEGEN_FLOAT_BLOCKS(edgegen_float_sub, -)
EDGEGEN_FLOAT_BLOCKS(edgegen_float_mul, *)

#endif

/* Operands of the output's shape; y may be a or b. */
#define EDGEGEN_BINARY_F32_DSP(name, blocks, operation)                                                                \
    EDGEGEN_KERNEL void name(const edgegen_binary_f32_dsp *p, const float *a, const float *b, float *y)                \
    {                                                                                                                  \
        const int32_t relu = p->low == 0.0f && p->high == EDGEGEN_INFINITY;                                            \
        const int32_t clamped = relu == 0 && (p->low > -EDGEGEN_INFINITY || p->high < EDGEGEN_INFINITY);               \
        const int32_t whole = p->elements & ~7;                                                                        \
        if (whole > 0) {                                                                                               \
            blocks(a, b, y, whole / 8, relu);                                                                          \
        }                                                                                                              \
        for (int32_t k = 0; clamped != 0 && k < whole; k++) {                                                          \
            y[k] = edgegen_clamp_f32(y[k], p->low, p->high);                                                           \
        }                                                                                                              \
        for (int32_t k = whole; k < p->elements; k++) {                                                                \
            y[k] = edgegen_clamp_f32(a[k] operation b[k], p->low, p->high);                                            \
        }                                                                                                              \
    }

EDGEGEN_BINARY_F32_DSP(add_f32_dsp, edgegen_float_add, +)
EDGEGEN_BINARY_F32_DSP(sub_f32_dsp, edgegen_float_sub, -)
EDGEGEN_BINARY_F32_DSP(mul_f32_dsp, edgegen_float_mul, *)

#endif
