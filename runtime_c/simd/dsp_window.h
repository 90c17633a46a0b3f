/* Register tiles of one window that lies in an image times four units, on the DSP extension. */
#ifndef EDGEGEN_SIMD_DSP_WINDOW_H
#define EDGEGEN_SIMD_DSP_WINDOW_H

#include "simd/dsp.h"

/* zero:   two s16 that are added to each two of x: x's zero point, negated
 * entry:  see edgegen_dsp_window_entry
 * before, weights, after: bytes of weights of the rows above the window's part on the image, of that part (at least one
 *         row), and of those below
 * gap:    bytes from the end of one of its rows to the next
 * bytes:  written for one window: its units, in whole fours, or four times that for accumulators
 * form:   EDGEGEN_DSP_*; shift: of results
 * quads:  of a row */
typedef struct {
    uint32_t zero;
    int32_t entry, before, weights, after, gap, bytes, form, shift, quads;
} edgegen_dsp_window;

/* Quads of a row, at most; bytes of code for each; where code follows for rows of two, four of them at a time. */
enum { EDGEGEN_DSP_WINDOW_QUADS = 8, EDGEGEN_DSP_WINDOW_CODE = 52, EDGEGEN_DSP_WINDOW_PAIRS = 436 };

/* Where the unrolled code is entered: bytes, and 1 that says Thumb. */
EDGEGEN_INLINE int32_t edgegen_dsp_window_entry(int32_t quads, int32_t rows)
{
    if (quads == 2) {
        return EDGEGEN_DSP_WINDOW_PAIRS + (3 - (rows - 1) % 4) * (2 * EDGEGEN_DSP_WINDOW_CODE + 4) + 1;
    }
    return (EDGEGEN_DSP_WINDOW_QUADS - quads) * EDGEGEN_DSP_WINDOW_CODE + 1;
}

#if EDGEGEN_DSP_ASM

/* r0 x, r1 stream, r2 zero, r3, r12 even and odd taps, r4-r7 sums, r8-r11 weights of two units, lr gap. Stack: 0 entry,
 * 4 end of the weights, 8 x, 12 output, 16 end of the outputs, 20 the tile, 24 epilogue. */
#define EDGEGEN_DSP_WINDOW_UNITS(first, second)                                                                        \
    "ldm.w r1!, {r8-r11}\n"                                                                                            \
    "smlad " first ", r3, r8, " first "\n"                                                                             \
    "smlad " second ", r3, r10, " second "\n"                                                                          \
    "smlad " first ", r12, r9, " first "\n"                                                                            \
    "smlad " second ", r12, r11, " second "\n"

#define EDGEGEN_DSP_WINDOW_QUAD                                                                                        \
    "ldr.w r3, [r0], #4\n"                                                                                             \
    "sxtab16 r12, r2, r3, ror #8\n"                                                                                    \
    "sxtab16 r3, r2, r3\n" EDGEGEN_DSP_WINDOW_UNITS("r4", "r5") EDGEGEN_DSP_WINDOW_UNITS("r6", "r7")

#define EDGEGEN_DSP_WINDOW_RESULTS(shift)                                                                              \
    "ldm.w r1!, {r8-r11}\n"                                                                                            \
    "smmla r4, r4, r8, r9\n"                                                                                           \
    "smmla r5, r5, r10, r11\n"                                                                                         \
    "ldm.w r1!, {r8-r11}\n"                                                                                            \
    "smmla r6, r6, r8, r9\n"                                                                                           \
    "smmla r7, r7, r10, r11\n"                                                                                         \
    "ssat r4, #8, r4, asr #" shift "\n"                                                                                \
    "ssat r5, #8, r5, asr #" shift "\n"                                                                                \
    "ssat r6, #8, r6, asr #" shift "\n"                                                                                \
    "ssat r7, #8, r7, asr #" shift "\n"                                                                                \
    "b.n 30f\n"

#define EDGEGEN_DSP_WINDOW_CORRECTED(acc)                                                                              \
    "ldm.w r1!, {r8-r10}\n"                                                                                            \
    "and r10, r10, " acc ", asr #31\n"                                                                                 \
    "subs " acc ", " acc ", r10\n"                                                                                     \
    "smmla " acc ", " acc ", r8, r9\n"                                                                                 \
    "asrs " acc ", r3\n"                                                                                               \
    "ssat " acc ", #8, " acc "\n"

/* Every unit of one window, as results or, with EDGEGEN_DSP_ACCUMULATOR and EDGEGEN_DSP_SCALED, accumulators.
 *
 * stream: per four units: offset[4], per row and quad [unit][even, odd], words of taps (0, 2) and (1, 3), then per unit
 *         multiplier, constant and, with EDGEGEN_DSP_RESULT_ANY, correction; none of these for accumulators */
EDGEGEN_DSP_NAKED void edgegen_dsp_window_1x4(const int8_t *x EDGEGEN_UNUSED, const int32_t *stream EDGEGEN_UNUSED,
                                              uint8_t *out EDGEGEN_UNUSED, const edgegen_dsp_window *w EDGEGEN_UNUSED)
{
    __asm__("push {r4-r11, lr}\n"
            "sub sp, sp, #28\n"
            "ldrd r4, r5, [r3]\n"
            "ldrd lr, r7, [r3, #20]\n"
            "ldr r8, [r3, #28]\n"
            "adr.w r6, 90f\n"
            "ldr.w r8, [r6, r8, lsl #2]\n"
            "add r8, r8, r6\n"
            "adr.w r6, 10f\n"
            "add r5, r5, r6\n"
            "add r7, r7, r2\n"
            "str r5, [sp]\n"
            "strd r0, r2, [sp, #8]\n"
            "strd r7, r3, [sp, #16]\n"
            "str r8, [sp, #24]\n"
            "mov r2, r4\n"
            "1:\n"
            "ldr r3, [sp, #20]\n"
            "ldm.w r1!, {r4-r7}\n"
            "ldrd r8, r9, [r3, #8]\n"
            "ldr r0, [sp, #8]\n"
            "add r1, r1, r8\n"
            "add r9, r9, r1\n"
            "str r9, [sp, #4]\n"
            "9:\n"
            "ldr pc, [sp]\n"
            ".balign 4\n"
            "90: .word 20f - 90b + 1, 21f - 90b + 1, 22f - 90b + 1, 23f - 90b + 1, 24f - 90b + 1, 25f - 90b + 1\n"
            ".word 25f - 90b + 1\n"
            "10:\n"
            ".rept 8\n" EDGEGEN_DSP_WINDOW_QUAD ".endr\n"
            "ldr.w r3, [sp, #4]\n"
            "add.w r0, r0, lr\n"
            "cmp.w r1, r3\n"
            "bne.w 9b\n"
            "b.w 12f\n"
            "11:\n"
            ".rept 4\n" EDGEGEN_DSP_WINDOW_QUAD EDGEGEN_DSP_WINDOW_QUAD "add.w r0, r0, lr\n"
            ".endr\n"
            "ldr r3, [sp, #4]\n"
            "cmp r1, r3\n"
            "bne.w 11b\n"
            "12:\n"
            "ldr r3, [sp, #20]\n"
            "ldr r8, [r3, #16]\n"
            "add r1, r1, r8\n"
            "ldr pc, [sp, #24]\n");
    __asm__("20:\n" EDGEGEN_DSP_WINDOW_RESULTS("9")
            "21:\n" EDGEGEN_DSP_WINDOW_RESULTS("11")
            "22:\n" EDGEGEN_DSP_WINDOW_RESULTS("13")
            "23:\n" EDGEGEN_DSP_WINDOW_RESULTS("15")
            "24:\n"
            "ldr r3, [r3, #32]\n" EDGEGEN_DSP_WINDOW_CORRECTED("r4") EDGEGEN_DSP_WINDOW_CORRECTED("r5")
                EDGEGEN_DSP_WINDOW_CORRECTED("r6") EDGEGEN_DSP_WINDOW_CORRECTED("r7")
            "30:\n"
            "ldrd r8, r9, [sp, #12]\n"
            "strb r4, [r8], #1\n"
            "strb r5, [r8], #1\n"
            "strb r6, [r8], #1\n"
            "strb r7, [r8], #1\n"
            "b.n 40f\n"
            "25:\n"
            "ldrd r8, r9, [sp, #12]\n"
            "stm.w r8!, {r4-r7}\n"
            "40:\n"
            "str r8, [sp, #12]\n"
            "cmp r8, r9\n"
            "bne.w 1b\n"
            "add sp, sp, #28\n"
            "pop {r4-r11, pc}\n");
}

#else

EDGEGEN_INLINE void edgegen_dsp_window_1x4(const int8_t *x, const int32_t *stream, uint8_t *out,
                                           const edgegen_dsp_window *w)
{
    const int32_t raw = w->form == EDGEGEN_DSP_ACCUMULATOR || w->form == EDGEGEN_DSP_SCALED, size = raw ? 4 : 1;
    const int32_t rows = w->weights / (32 * w->quads), each = w->form == EDGEGEN_DSP_RESULT_ANY ? 3 : 2;
    for (int32_t done = 0; done < w->bytes; done += 4 * size) {
        int32_t sums[4];
        memcpy(sums, stream, sizeof sums);
        stream += 4 + w->before / 4;
        for (int32_t q = 0; q < rows * w->quads; q++) {
            const uint32_t bytes = edgegen_dsp_load(x + q / w->quads * (4 * w->quads + w->gap) + q % w->quads * 4);
            const uint32_t even = edgegen_dsp_even_plus(w->zero, bytes), odd = edgegen_dsp_odd_plus(w->zero, bytes);
            for (int32_t unit = 0; unit < 4; unit++, stream += 2) {
                sums[unit] = edgegen_dsp_dot(even, (uint32_t)stream[0], sums[unit]);
                sums[unit] = edgegen_dsp_dot(odd, (uint32_t)stream[1], sums[unit]);
            }
        }
        stream += w->after / 4;
        for (int32_t unit = 0; unit < 4; unit++) {
            if (raw) {
                memcpy(out + done + 4 * unit, &sums[unit], 4);
            } else {
                const int32_t correction = each == 3 ? stream[2] : 0;
                const int8_t y = edgegen_dsp_result(sums[unit], stream[0], stream[1], correction, w->shift);
                memcpy(out + done + unit, &y, 1);
                stream += each;
            }
        }
    }
}

#endif

#endif
