/* Element-wise add and sub on s8 for the DSP extension: two multiply-adds and a saturating shift for each element. */
#ifndef EDGEGEN_ADD_S8_DSP_H
#define EDGEGEN_ADD_S8_DSP_H

#include "simd/dsp.h"

/* y = clamp(saturate(((a * a_factor >> 8) + (b * b_factor >> 8) + offset) >> 20)) */
typedef struct {
    int32_t elements, a_factor, b_factor, offset, low, high;
} edgegen_add_s8_dsp;

EDGEGEN_INLINE int8_t edgegen_dsp_sum(const edgegen_add_s8_dsp *p, int32_t a, int32_t b)
{
    const int64_t scaled = ((int64_t)a * p->a_factor >> 8) + ((int64_t)b * p->b_factor >> 8);
    return (int8_t)edgegen_clamp_s32((int32_t)(scaled + p->offset) >> 20, -128, 127);
}

#if EDGEGEN_DSP_ASM

#define EDGEGEN_DSP_SUM(half, sum, a, b)                                                                               \
    "smlaw" half " " sum ", r4, " a ", r6\n"                                                                           \
    "smlaw" half " " sum ", r5, " b ", " sum "\n"                                                                      \
    "ssat " sum ", #8, " sum ", asr #20\n"

/* Whole words of four elements; there must be one. Results may lie where a or b lies. */
EDGEGEN_DSP_NAKED void edgegen_dsp_sums(const edgegen_add_s8_dsp *p EDGEGEN_UNUSED, const int8_t *a EDGEGEN_UNUSED,
                                        const int8_t *b EDGEGEN_UNUSED, int8_t *y EDGEGEN_UNUSED)
{
    __asm__("push {r4-r11, lr}\n"
            "ldm r0, {r0, r4, r5, r6}\n"
            "mov r7, #0xff00ff00\n"
            "bic r0, r0, #3\n"
            "adds r0, r0, r3\n"
            "1:\n"
            "ldr r8, [r1], #4\n"
            "ldr r9, [r2], #4\n"
            "and r10, r7, r8, lsl #8\n"
            "and r11, r7, r9, lsl #8\n"
            "and r8, r8, r7\n"
            "and r9, r9, r7\n" EDGEGEN_DSP_SUM("b", "r12", "r10", "r11") EDGEGEN_DSP_SUM("b", "lr", "r8", "r9")
            EDGEGEN_DSP_SUM("t", "r10", "r10", "r11") EDGEGEN_DSP_SUM("t", "r8", "r8", "r9")
            "strb r12, [r3], #1\n"
            "strb lr, [r3], #1\n"
            "strb r10, [r3], #1\n"
            "strb r8, [r3], #1\n"
            "cmp r3, r0\n"
            "bne 1b\n"
            "pop {r4-r11, pc}\n");
}

#else

EDGEGEN_INLINE void edgegen_dsp_sums(const edgegen_add_s8_dsp *p, const int8_t *a, const int8_t *b, int8_t *y)
{
    for (int32_t k = 0; k < (p->elements & ~3); k++) {
        y[k] = edgegen_dsp_sum(p, a[k], b[k]);
    }
}

#endif

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_add_s8_dsp_run(const edgegen_add_s8_dsp *p, const int8_t *a,
                                                                   const int8_t *b, int8_t *y)
{
    if (p->elements >= 4) {
        edgegen_dsp_sums(p, a, b, y);
    }
    for (int32_t k = p->elements & ~3; k < p->elements; k++) {
        y[k] = edgegen_dsp_sum(p, a[k], b[k]);
    }
    if (p->low > -128 || p->high < 127) {
        edgegen_dsp_clamp(y, p->elements, p->low, p->high);
    }
}

/* a + b -> y, scaled by their factors; a negative b_factor subtracts. y may be a or b. */
EDGEGEN_KERNEL void add_s8_dsp(const edgegen_add_s8_dsp *p, const int8_t *a, const int8_t *b, int8_t *y)
{
    edgegen_add_s8_dsp_run(p, a, b, y);
}

#endif
