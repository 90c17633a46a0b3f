/* Depthwise 3x3 with stride 1 on the DSP extension, from pairs of image rows. */
#ifndef EDGEGEN_SIMD_DSP_COLUMNS_H
#define EDGEGEN_SIMD_DSP_COLUMNS_H

#include "simd/dsp_pairs.h"

#if EDGEGEN_DSP_ASM

/* Stride 1. r0 words, r1 out, r2, r3 the two pairs of a column, r4-r6 weights (0, 1) of each column of the kernel,
 * r7-r9 weights (1, 2), accumulators r10, r11 (upper row), r12, lr (lower row).
 * Stack: 0 pixel, 4 below, 8 end of the words for whole tiles, 12 multiplier, 16 constant, 20 and 24 offset, 28 stream,
 * 32 words, 36 out, 40 channel, 44 bytes of whole tiles, 48 out_w is odd, 52 channels left, 56 correction. */
#define EDGEGEN_DSP_TAPS_3X3(w01, w12, upper, lower)                                                                   \
    "smlad " upper ", r2, " w01 ", " upper "\n"                                                                        \
    "smlatb " lower ", r2, " w01 ", " lower "\n"                                                                       \
    "smlabt " upper ", r3, " w12 ", " upper "\n"                                                                       \
    "smlad " lower ", r3, " w12 ", " lower "\n"

#define EDGEGEN_DSP_ROWS_3X3(kind, pairs, tile, half, done)                                                            \
    "ldr r2, [sp, #44]\n"                                                                                              \
    "cmp r2, #0\n"                                                                                                     \
    "beq.w " half "f\n" tile ":\n"                                                                                     \
    "ldrd r10, r11, [sp, #20]\n"                                                                                       \
    "ldrd r12, lr, [sp, #20]\n"                                                                                        \
    "ldrd " pairs ", [r0], #16\n" EDGEGEN_DSP_TAPS_3X3("r4", "r7", "r10", "r12")                                       \
    "ldrd " pairs ", [r0, #-8]\n" EDGEGEN_DSP_TAPS_3X3("r5", "r8", "r10", "r12")                                       \
    EDGEGEN_DSP_TAPS_3X3("r4", "r7", "r11", "lr")                                                                      \
    "ldrd " pairs ", [r0]\n" EDGEGEN_DSP_TAPS_3X3("r6", "r9", "r10", "r12")                                            \
    EDGEGEN_DSP_TAPS_3X3("r5", "r8", "r11", "lr")                                                                      \
    "ldrd " pairs ", [r0, #8]\n" EDGEGEN_DSP_TAPS_3X3("r6", "r9", "r11", "lr")                                         \
    kind##_START kind##_SUM("r10") kind##_SUM("r11") kind##_SUM("r12") kind##_SUM("lr")                                \
    "ldrd r2, r3, [sp, #12]\n"                                                                                         \
    "smmla r10, r10, r2, r3\n"                                                                                         \
    "smmla r11, r11, r2, r3\n"                                                                                         \
    "smmla r12, r12, r2, r3\n"                                                                                         \
    "smmla lr, lr, r2, r3\n"                                                                                           \
    "ldrd r2, r3, [sp]\n"                                                                                              \
    "ssat r10, #8, r10, asr #13\n"                                                                                     \
    "ssat r11, #8, r11, asr #13\n"                                                                                     \
    "ssat r12, #8, r12, asr #13\n"                                                                                     \
    "ssat lr, #8, lr, asr #13\n"                                                                                       \
    "adds r3, r1, r3\n"                                                                                                \
    "strb r12, [r3]\n"                                                                                                 \
    "strb lr, [r3, r2]\n"                                                                                              \
    "ldr r3, [sp, #8]\n"                                                                                               \
    "strb r10, [r1]\n"                                                                                                 \
    "strb r11, [r1, r2]\n"                                                                                             \
    "add r1, r1, r2, lsl #1\n"                                                                                         \
    "cmp r0, r3\n"                                                                                                     \
    "bne " tile "b\n" half ":\n"                                                                                       \
    "ldr r2, [sp, #48]\n"                                                                                              \
    "cbz r2, " done "f\n"                                                                                              \
    "ldr r10, [sp, #20]\n"                                                                                             \
    "mov r12, r10\n"                                                                                                   \
    "ldrd " pairs ", [r0]\n" EDGEGEN_DSP_TAPS_3X3("r4", "r7", "r10", "r12")                                            \
    "ldrd " pairs ", [r0, #8]\n" EDGEGEN_DSP_TAPS_3X3("r5", "r8", "r10", "r12")                                        \
    "ldrd " pairs ", [r0, #16]\n" EDGEGEN_DSP_TAPS_3X3("r6", "r9", "r10", "r12")                                       \
    kind##_START kind##_SUM("r10") kind##_SUM("r12")                                                                   \
    "ldrd r2, r3, [sp, #12]\n"                                                                                         \
    "smmla r10, r10, r2, r3\n"                                                                                         \
    "smmla r12, r12, r2, r3\n"                                                                                         \
    "ldr r3, [sp, #4]\n"                                                                                               \
    "ssat r10, #8, r10, asr #13\n"                                                                                     \
    "ssat r12, #8, r12, asr #13\n"                                                                                     \
    "strb r12, [r1, r3]\n"                                                                                             \
    "strb r10, [r1]\n" done ":\n"

#define EDGEGEN_DSP_CHANNEL_3X3(kind)                                                                                  \
    "ldr r12, [sp, #28]\n"                                                                                             \
    "strd r0, r1, [sp, #32]\n"                                                                                         \
    "ldm r12!, {r4-r9}\n"                                                                                              \
    "ldr lr, [sp, #44]\n"                                                                                              \
    "ldm r12!, {r2, r3, r10}\n" kind##_SETUP                                                                           \
    "str r12, [sp, #28]\n"                                                                                             \
    "add lr, lr, r0\n"                                                                                                 \
    "str lr, [sp, #8]\n"                                                                                               \
    "strd r3, r10, [sp, #12]\n"                                                                                        \
    "strd r2, r2, [sp, #20]\n"

/* One row of outputs, or two, of four channels.
 * stream: per channel the weights (0, 1) of each column of the kernel, then (1, 2), offset, multiplier, constant and,
 *         for the corrected kind, correction */
#define EDGEGEN_DSP_ROWS_FUNCTION(name, kind)                                                                          \
    EDGEGEN_DSP_NAKED void name(const uint32_t *words EDGEGEN_UNUSED, const int32_t *stream EDGEGEN_UNUSED,            \
                                int8_t *out EDGEGEN_UNUSED, const edgegen_dsp_row *t EDGEGEN_UNUSED)                   \
    {                                                                                                                  \
        __asm__("push {r4-r11, lr}\n"                                                                                  \
                "sub sp, sp, #60\n"                                                                                    \
                "ldm r3, {r4-r8}\n"                                                                                    \
                "strd r5, r7, [sp]\n"                                                                                  \
                "str r6, [sp, #40]\n"                                                                                  \
                "and r9, r4, #1\n"                                                                                     \
                "str r9, [sp, #48]\n"                                                                                  \
                "lsrs r4, r4, #1\n"                                                                                    \
                "lsls r4, r4, #4\n"                                                                                    \
                "str r4, [sp, #44]\n"                                                                                  \
                "movs r9, #4\n"                                                                                        \
                "str r9, [sp, #52]\n"                                                                                  \
                "str r1, [sp, #28]\n"                                                                                  \
                "mov r1, r2\n"                                                                                         \
                "cmp r8, #0\n"                                                                                         \
                "bne.w 20f\n");                                                                                        \
        __asm__("10:\n" EDGEGEN_DSP_CHANNEL_3X3(kind) EDGEGEN_DSP_ROWS_3X3(kind, "r2, r3", "11", "12", "13")           \
                EDGEGEN_DSP_NEXT_CHANNEL("10"));                                                                       \
        __asm__("20:\n" EDGEGEN_DSP_CHANNEL_3X3(kind) EDGEGEN_DSP_ROWS_3X3(kind, "r3, r2", "21", "22", "23")           \
                EDGEGEN_DSP_NEXT_CHANNEL("20"));                                                                       \
    }

EDGEGEN_DSP_ROWS_FUNCTION(edgegen_dsp_rows_3x3, EDGEGEN_DSP_PLAIN)
EDGEGEN_DSP_ROWS_FUNCTION(edgegen_dsp_rows_3x3_corrected, EDGEGEN_DSP_CORRECTED)

#else

/* `columns` columns of the window at `words`: the sum of one output in the upper (0) or lower (1) row. */
EDGEGEN_INLINE int32_t edgegen_dsp_window_3x3(const uint32_t *words, const int32_t *weights, int32_t lower,
                                              int32_t turned, int32_t acc)
{
    for (int32_t kx = 0; kx < 3; kx++) {
        const uint32_t first = words[2 * kx + turned], second = words[2 * kx + 1 - turned];
        const uint32_t w01 = (uint32_t)weights[kx], w12 = (uint32_t)weights[3 + kx];
        if (lower != 0) {
            acc = edgegen_dsp_low_product(first >> 16, w01, edgegen_dsp_dot(second, w12, acc));
        } else {
            acc = edgegen_dsp_dot(first, w01, edgegen_dsp_low_product(second, w12 >> 16, acc));
        }
    }
    return acc;
}

EDGEGEN_INLINE void edgegen_dsp_rows_in_c(const uint32_t *words, const int32_t *stream, int8_t *out,
                                          const edgegen_dsp_row *t, int32_t corrected)
{
    for (int32_t c = 0; c < 4; c++) {
        for (int32_t ox = 0; ox < t->out_w; ox++) {
            for (int32_t row = t->below != 0; row >= 0; row--) {
                const int32_t acc = edgegen_dsp_window_3x3(words + 2 * ox, stream, row, t->turned, stream[6]);
                out[ox * t->pixel + row * t->below] = 
                    edgegen_dsp_result(acc, stream[7], stream[8], corrected != 0 ? stream[9] : 0, 13);
            }
        }
        words += t->channel / 4;
        stream += 9 + corrected;
        out += 1;
    }
}

static EDGEGEN_UNUSED void edgegen_dsp_rows_3x3(const uint32_t *words, const int32_t *stream, int8_t *out,
                                                const edgegen_dsp_row *t)
{
    edgegen_dsp_rows_in_c(words, stream, out, t, 0);
}

static EDGEGEN_UNUSED void edgegen_dsp_rows_3x3_corrected(const uint32_t *words, const int32_t *stream, int8_t *out,
                                                          const edgegen_dsp_row *t)
{
    edgegen_dsp_rows_in_c(words, stream, out, t, 1);
}

#endif

#endif
