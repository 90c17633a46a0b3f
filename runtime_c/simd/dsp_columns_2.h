/* Depthwise 3x3 with stride 2 on the DSP extension, from the same pairs of rows as stride 1. */
#ifndef EDGEGEN_SIMD_DSP_COLUMNS_2_H
#define EDGEGEN_SIMD_DSP_COLUMNS_2_H

#include "simd/dsp_pairs.h"

#if EDGEGEN_DSP_ASM

/* r0 words, r1 out, r2, r3 the two pairs of a column, r4-r6 weights (0, 1) of each column of the kernel, r7, r8 the
 * third row's weights, r9-r12 accumulators, lr pixel. Stack as in simd/dsp_columns.h, but 44: bytes of words of four
 * outputs at a time, 48: outputs after those. */
#define EDGEGEN_DSP_LEFT_2(acc) "smlad " acc ", r2, r4, " acc "\n" "smlabb " acc ", r3, r7, " acc "\n"
#define EDGEGEN_DSP_MIDDLE_2(acc) "smlad " acc ", r2, r5, " acc "\n" "smlabt " acc ", r3, r7, " acc "\n"
#define EDGEGEN_DSP_RIGHT_2(acc) "smlad " acc ", r2, r6, " acc "\n" "smlabb " acc ", r3, r8, " acc "\n"

#define EDGEGEN_DSP_ROW_3X3_2(kind, pairs, tile, single, done)                                                         \
    "ldr r2, [sp, #44]\n"                                                                                              \
    "cmp r2, #0\n"                                                                                                     \
    "beq.w " single "f\n" tile ":\n"                                                                                   \
    "ldrd r9, r10, [sp, #20]\n"                                                                                        \
    "ldrd r11, r12, [sp, #20]\n"                                                                                       \
    "ldrd " pairs ", [r0]\n" EDGEGEN_DSP_LEFT_2("r9")                                                                  \
    "ldrd " pairs ", [r0, #8]\n" EDGEGEN_DSP_MIDDLE_2("r9")                                                            \
    "ldrd " pairs ", [r0, #16]\n" EDGEGEN_DSP_RIGHT_2("r9") EDGEGEN_DSP_LEFT_2("r10")                                  \
    "ldrd " pairs ", [r0, #24]\n" EDGEGEN_DSP_MIDDLE_2("r10")                                                          \
    "ldrd " pairs ", [r0, #32]\n" EDGEGEN_DSP_RIGHT_2("r10") EDGEGEN_DSP_LEFT_2("r11")                                 \
    "ldrd " pairs ", [r0, #40]\n" EDGEGEN_DSP_MIDDLE_2("r11")                                                          \
    "ldrd " pairs ", [r0, #48]\n" EDGEGEN_DSP_RIGHT_2("r11") EDGEGEN_DSP_LEFT_2("r12")                                 \
    "ldrd " pairs ", [r0, #56]\n" EDGEGEN_DSP_MIDDLE_2("r12")                                                          \
    "ldrd " pairs ", [r0, #64]!\n" EDGEGEN_DSP_RIGHT_2("r12")                                                          \
    kind##_START kind##_SUM("r9") kind##_SUM("r10") kind##_SUM("r11") kind##_SUM("r12")                                \
    "ldrd r2, r3, [sp, #12]\n"                                                                                         \
    "smmla r9, r9, r2, r3\n"                                                                                           \
    "smmla r10, r10, r2, r3\n"                                                                                         \
    "smmla r11, r11, r2, r3\n"                                                                                         \
    "smmla r12, r12, r2, r3\n"                                                                                         \
    "ldr r2, [sp, #8]\n"                                                                                               \
    "ssat r9, #8, r9, asr #13\n"                                                                                       \
    "ssat r10, #8, r10, asr #13\n"                                                                                     \
    "ssat r11, #8, r11, asr #13\n"                                                                                     \
    "ssat r12, #8, r12, asr #13\n"                                                                                     \
    "strb r9, [r1]\n"                                                                                                  \
    "strb r10, [r1, lr]\n"                                                                                             \
    "add r1, r1, lr, lsl #1\n"                                                                                         \
    "strb r11, [r1]\n"                                                                                                 \
    "strb r12, [r1, lr]\n"                                                                                             \
    "add r1, r1, lr, lsl #1\n"                                                                                         \
    "cmp r0, r2\n"                                                                                                     \
    "bne " tile "b\n" single ":\n"                                                                                     \
    "ldr r10, [sp, #48]\n"                                                                                             \
    "ldrd r11, r12, [sp, #12]\n"                                                                                       \
    "cmp r10, #0\n"                                                                                                    \
    "beq " done "f\n"                                                                                                  \
    "30:\n"                                                                                                            \
    "ldr r9, [sp, #20]\n"                                                                                              \
    "ldrd " pairs ", [r0]\n" EDGEGEN_DSP_LEFT_2("r9")                                                                  \
    "ldrd " pairs ", [r0, #8]\n" EDGEGEN_DSP_MIDDLE_2("r9")                                                            \
    "ldrd " pairs ", [r0, #16]!\n" EDGEGEN_DSP_RIGHT_2("r9")                                                           \
    kind##_START kind##_SUM("r9")                                                                                      \
    "smmla r9, r9, r11, r12\n"                                                                                         \
    "ssat r9, #8, r9, asr #13\n"                                                                                       \
    "strb r9, [r1]\n"                                                                                                  \
    "add r1, r1, lr\n"                                                                                                 \
    "subs r10, r10, #1\n"                                                                                              \
    "bne 30b\n" done ":\n"

#define EDGEGEN_DSP_CHANNEL_3X3_2(kind)                                                                                \
    "ldr r12, [sp, #28]\n"                                                                                             \
    "strd r0, r1, [sp, #32]\n"                                                                                         \
    "ldm r12!, {r4-r8}\n"                                                                                              \
    "ldr lr, [sp, #44]\n"                                                                                              \
    "ldm r12!, {r2, r3, r10}\n" kind##_SETUP                                                                           \
    "str r12, [sp, #28]\n"                                                                                             \
    "add lr, lr, r0\n"                                                                                                 \
    "str lr, [sp, #8]\n"                                                                                               \
    "ldr lr, [sp]\n"                                                                                                   \
    "strd r3, r10, [sp, #12]\n"                                                                                        \
    "strd r2, r2, [sp, #20]\n"

/* One row of outputs of four channels.
 * stream: per channel the weights (0, 1) of each column of the kernel, those of its third row as (left, middle) and
 *         (right, 0), offset, multiplier, constant and, for the corrected kind, correction */
#define EDGEGEN_DSP_ROW_2_FUNCTION(name, kind)                                                                         \
    EDGEGEN_DSP_NAKED void name(const uint32_t *words EDGEGEN_UNUSED, const int32_t *stream EDGEGEN_UNUSED,            \
                                int8_t *out EDGEGEN_UNUSED, const edgegen_dsp_row *t EDGEGEN_UNUSED)                   \
    {                                                                                                                  \
        __asm__("push {r4-r11, lr}\n"                                                                                  \
                "sub sp, sp, #60\n"                                                                                    \
                "ldm r3, {r4-r8}\n"                                                                                    \
                "str r5, [sp]\n"                                                                                       \
                "str r6, [sp, #40]\n"                                                                                  \
                "and r9, r4, #3\n"                                                                                     \
                "str r9, [sp, #48]\n"                                                                                  \
                "lsrs r4, r4, #2\n"                                                                                    \
                "lsls r4, r4, #6\n"                                                                                    \
                "str r4, [sp, #44]\n"                                                                                  \
                "movs r9, #4\n"                                                                                        \
                "str r9, [sp, #52]\n"                                                                                  \
                "str r1, [sp, #28]\n"                                                                                  \
                "mov r1, r2\n"                                                                                         \
                "cmp r8, #0\n"                                                                                         \
                "bne.w 20f\n");                                                                                        \
        __asm__("10:\n" EDGEGEN_DSP_CHANNEL_3X3_2(kind) EDGEGEN_DSP_ROW_3X3_2(kind, "r2, r3", "11", "12", "13")        \
                EDGEGEN_DSP_NEXT_CHANNEL("10"));                                                                       \
        __asm__("20:\n" EDGEGEN_DSP_CHANNEL_3X3_2(kind) EDGEGEN_DSP_ROW_3X3_2(kind, "r3, r2", "21", "22", "23")        \
                EDGEGEN_DSP_NEXT_CHANNEL("20"));                                                                       \
    }

EDGEGEN_DSP_ROW_2_FUNCTION(edgegen_dsp_row_3x3_2, EDGEGEN_DSP_PLAIN)
EDGEGEN_DSP_ROW_2_FUNCTION(edgegen_dsp_row_3x3_2_corrected, EDGEGEN_DSP_CORRECTED)

#else

EDGEGEN_INLINE void edgegen_dsp_row_2_in_c(const uint32_t *words, const int32_t *stream, int8_t *out,
                                           const edgegen_dsp_row *t, int32_t corrected)
{
    for (int32_t c = 0; c < 4; c++) {
        for (int32_t ox = 0; ox < t->out_w; ox++) {
            int32_t acc = stream[5];
            for (int32_t kx = 0; kx < 3; kx++) {
                const uint32_t *const pair = words + 2 * (2 * ox + kx);
                const uint32_t third = (uint32_t)stream[3 + kx / 2] >> (kx % 2 * 16);
                acc = edgegen_dsp_dot(pair[t->turned], (uint32_t)stream[kx], acc);
                acc = edgegen_dsp_low_product(pair[1 - t->turned], third, acc);
            }
            out[ox * t->pixel] =
                edgegen_dsp_result(acc, stream[6], stream[7], corrected != 0 ? stream[8] : 0, 13);
        }
        words += t->channel / 4;
        stream += 8 + corrected;
        out += 1;
    }
}

static EDGEGEN_UNUSED void edgegen_dsp_row_3x3_2(const uint32_t *words, const int32_t *stream, int8_t *out,
                                                 const edgegen_dsp_row *t)
{
    edgegen_dsp_row_2_in_c(words, stream, out, t, 0);
}

static EDGEGEN_UNUSED void edgegen_dsp_row_3x3_2_corrected(const uint32_t *words, const int32_t *stream, int8_t *out,
                                                           const edgegen_dsp_row *t)
{
    edgegen_dsp_row_2_in_c(words, stream, out, t, 1);
}

#endif

#endif
