/* Sums of recurrent layers' gates on f32 for cores with the DSP extension. */
#ifndef EDGEGEN_GATES_F32_DSP_H
#define EDGEGEN_GATES_F32_DSP_H

#include "kernels/gates_f32.h"
#include "simd/dsp_float.h"

#if EDGEGEN_FLOAT_ASM

/* Taps at r12, `fours` times four of them and `rest` more. */
#define EDGEGEN_GATES_SPAN(fours, rest)                                                                                \
    "movs r0, " fours "\n"                                                                                             \
    "beq 3f\n"                                                                                                         \
    "2:\n" EDGEGEN_FLOAT_TAPS_1X4 "subs r0, r0, #1\n"                                                                  \
    "bne 2b\n"                                                                                                         \
    "3:\n"                                                                                                             \
    "movs r0, " rest "\n"                                                                                              \
    "beq 5f\n"                                                                                                         \
    "4:\n"                                                                                                             \
    "vldm r12!, {s4}\n"                                                                                                \
    "vldm r1!, {s8-s11}\n" EDGEGEN_FLOAT_ROW_4("s0", "s1", "s2", "s3", "s4", "s8", "s9", "s10", "s11")                 \
    "subs r0, r0, #1\n"                                                                                                \
    "bne 4b\n"                                                                                                         \
    "5:\n"

/* As edgegen_gates_f32. */
EDGEGEN_DSP_NAKED const float *edgegen_gates_f32_dsp(const edgegen_taps_f32 *taps EDGEGEN_UNUSED,
                                                     const float *stream EDGEGEN_UNUSED, int32_t units EDGEGEN_UNUSED,
                                                     float *sums EDGEGEN_UNUSED)
{
    __asm__("push {r4-r9, lr}\n"
            "vpush {s16-s23}\n"
            "ldm r0, {r4-r7}\n"
            "add r2, r3, r2, lsl #2\n"
            "lsrs r8, r6, #2\n"
            "and r6, r6, #3\n"
            "lsrs r9, r7, #2\n"
            "and r7, r7, #3\n"
            "1:\n"
            "vldm r1!, {s0-s3}\n"
            "mov r12, r4\n" EDGEGEN_GATES_SPAN("r8", "r6") "mov r12, r5\n" EDGEGEN_GATES_SPAN("r9", "r7"));
    __asm__("vstmia r3!, {s0-s3}\n"
            "cmp r3, r2\n"
            "blo.w 1b\n"
            "mov r0, r1\n"
            "vpop {s16-s23}\n"
            "pop {r4-r9, pc}\n");
}

#else

EDGEGEN_INLINE const float *edgegen_gates_f32_dsp(const edgegen_taps_f32 *taps, const float *stream, int32_t units,
                                                  float *sums)
{
    return edgegen_gates_f32(taps, stream, units, sums);
}

#endif

#endif
