/* Depthwise filters of any size on the DSP extension: four channels at a time, tap by tap, straight from the image. */
#ifndef EDGEGEN_SIMD_DSP_FILTER_H
#define EDGEGEN_SIMD_DSP_FILTER_H

#include "simd/dsp.h"

/* blocks:      of four channels
 * rows, columns: taps that lie inside the image, at least one
 * x_row, x_column: bytes from one to the next
 * first, skip: bytes of the stream from a block's start to its first tap, and between the taps of two rows
 * bytes:       of a block in the stream
 * less_zero:   a pair of -x_zero, which is added to every pair of x
 * form: EDGEGEN_DSP_RESULT_ANY or EDGEGEN_DSP_ACCUMULATOR, for s32 outputs; shift: of results */
typedef struct {
    int32_t blocks, rows, columns, x_row, x_column, first, skip, bytes;
    uint32_t less_zero;
    int32_t form, shift;
} edgegen_dsp_filter;

#if EDGEGEN_DSP_ASM

/* r0 row of x, r1 stream, r2 x, r3 x_column, r4-r7 sums, r8, r9 weights, r10 less_zero, r11, r12 x, lr columns.
 * Stack: 0 x, 4 stream, 8 out, 12 filter, 16 blocks, 20 rows. */
#define EDGEGEN_DSP_FILTER_TAP                                                                                         \
    "ldr r11, [r2]\n"                                                                                                  \
    "ldrd r8, r9, [r1], #8\n"                                                                                          \
    "add r2, r2, r3\n"                                                                                                 \
    "sxtab16 r12, r10, r11\n"                                                                                          \
    "sxtab16 r11, r10, r11, ror #8\n"                                                                                  \
    "smlabb r4, r12, r8, r4\n"                                                                                         \
    "smlabb r5, r11, r9, r5\n"                                                                                         \
    "smlatt r6, r12, r8, r6\n"                                                                                         \
    "smlatt r7, r11, r9, r7\n"

#define EDGEGEN_DSP_FILTER_RESULT(acc)                                                                                 \
    "ldm r1!, {r8, r9, r12}\n"                                                                                         \
    "and r12, r12, " acc ", asr #31\n"                                                                                 \
    "sub " acc ", " acc ", r12\n"                                                                                      \
    "smmla " acc ", " acc ", r8, r9\n"                                                                                 \
    "asrs " acc ", r3\n"                                                                                               \
    "ssat " acc ", #8, " acc "\n"                                                                                      \
    "strb " acc ", [r2], #1\n"

/* One output pixel. x: the first tap inside the image, first channel.
 * stream: per block offsets of the four channels; per tap two words of weights, of channels (0, 2) and (1, 3); for
 *         results multiplier, constant and correction of each channel */
EDGEGEN_DSP_NAKED void edgegen_dsp_filter_pixel(const int8_t *x EDGEGEN_UNUSED, const int32_t *stream EDGEGEN_UNUSED,
                                                uint8_t *out EDGEGEN_UNUSED, const edgegen_dsp_filter *f EDGEGEN_UNUSED)
{
    __asm__("push {r4-r11, lr}\n"
            "sub sp, sp, #28\n"
            "stm sp, {r0-r3}\n"
            "ldr r4, [r3]\n"
            "str r4, [sp, #16]\n"
            "1:\n"
            "ldm r1, {r4-r7}\n"
            "ldr r2, [sp, #12]\n"
            "ldrd r8, r9, [r2, #4]\n"
            "ldrd r3, r11, [r2, #16]\n"
            "ldr r10, [r2, #32]\n"
            "str r8, [sp, #20]\n"
            "mov r2, r0\n"
            "add r1, r1, r11\n"
            "2:\n"
            "lsrs lr, r9, #1\n"
            "bcc 3f\n" EDGEGEN_DSP_FILTER_TAP
            "cmp lr, #0\n"
            "3:\n"
            "beq 5f\n"
            "4:\n" EDGEGEN_DSP_FILTER_TAP EDGEGEN_DSP_FILTER_TAP
            "subs lr, lr, #1\n"
            "bne 4b\n"
            "5:\n"
            "ldr r8, [sp, #20]\n"
            "ldr r2, [sp, #12]\n"
            "subs r8, r8, #1\n"
            "beq 6f\n"
            "str r8, [sp, #20]\n"
            "ldr r11, [r2, #12]\n"
            "ldr r12, [r2, #24]\n"
            "ldr r9, [r2, #8]\n"
            "add r0, r0, r11\n"
            "add r1, r1, r12\n"
            "mov r2, r0\n"
            "b 2b\n");
    __asm__("6:\n"
            "ldr r8, [r2, #28]\n"
            "ldr r1, [sp, #4]\n"
            "ldrd r9, r3, [r2, #36]\n"
            "add r1, r1, r8\n"
            "str r1, [sp, #4]\n"
            "ldr r2, [sp, #8]\n"
            "cmp r9, #5\n"
            "beq 7f\n"
            "sub r1, r1, #48\n" EDGEGEN_DSP_FILTER_RESULT("r4") EDGEGEN_DSP_FILTER_RESULT("r5")
            EDGEGEN_DSP_FILTER_RESULT("r6") EDGEGEN_DSP_FILTER_RESULT("r7")
            "b 8f\n"
            "7:\n"
            "stmia r2!, {r4-r7}\n"
            "8:\n"
            "ldr r0, [sp]\n"
            "ldr r8, [sp, #16]\n"
            "str r2, [sp, #8]\n"
            "adds r0, r0, #4\n"
            "str r0, [sp]\n"
            "subs r8, r8, #1\n"
            "str r8, [sp, #16]\n"
            "bne.w 1b\n"
            "add sp, sp, #28\n"
            "pop {r4-r11, pc}\n");
}

#else

EDGEGEN_INLINE void edgegen_dsp_filter_pixel(const int8_t *x, const int32_t *stream, uint8_t *out,
                                             const edgegen_dsp_filter *f)
{
    for (int32_t block = 0; block < f->blocks; block++) {
        int32_t acc[4] = {stream[0], stream[1], stream[2], stream[3]};
        const int32_t *w = stream + f->first / 4;
        for (int32_t ky = 0; ky < f->rows; ky++) {
            for (int32_t kx = 0; kx < f->columns; kx++) {
                const uint32_t bytes = edgegen_dsp_load(x + ky * f->x_row + kx * f->x_column);
                const uint32_t even = edgegen_dsp_even_plus(f->less_zero, bytes);
                const uint32_t odd = edgegen_dsp_odd_plus(f->less_zero, bytes);
                acc[0] = edgegen_dsp_low_product(even, (uint32_t)w[0], acc[0]);
                acc[1] = edgegen_dsp_low_product(odd, (uint32_t)w[1], acc[1]);
                acc[2] = edgegen_dsp_high_product(even, (uint32_t)w[0], acc[2]);
                acc[3] = edgegen_dsp_high_product(odd, (uint32_t)w[1], acc[3]);
                w += 2;
            }
            w += f->skip / 4;
        }
        stream += f->bytes / 4;
        if (f->form == EDGEGEN_DSP_ACCUMULATOR) {
            memcpy(out, acc, sizeof acc);
            out += sizeof acc;
        } else {
            for (int32_t i = 0; i < 4; i++) {
                const int32_t *const constants = stream - 12 + 3 * i;
                const int8_t y = edgegen_dsp_result(acc[i], constants[0], constants[1], constants[2], f->shift);
                memcpy(out++, &y, 1);
            }
        }
        x += 4;
    }
}

#endif

#endif
