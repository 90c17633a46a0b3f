/* Depthwise 3x3 on the DSP extension: pairs of image rows, channel by channel.
 *
 * A word holds the same pixel of two neighbouring rows, each s8 times 2^8. For a block of four channels scratch holds
 * [channel][column][2]: the two pairs of rows that three or four rows of the image make. The next output rows need the
 * second pair again and one more, so the pairs change places: `turned` says that the second lies first. */
#ifndef EDGEGEN_SIMD_DSP_COLUMNS_H
#define EDGEGEN_SIMD_DSP_COLUMNS_H

#include "simd/dsp.h"

/* columns: of a row of the image that are used; pixel: bytes from one to the next in the image
 * channel: bytes from one channel to the next in scratch; zero: a pair of x_zero */
typedef struct {
    int32_t columns, pixel, channel;
    uint32_t zero;
} edgegen_dsp_fill;

/* out_w:   outputs of a row; pixel: bytes from one to the next
 * channel: bytes from one channel to the next in scratch
 * below:   bytes from an output to the one below it, 0 if there is none; only for stride 1 */
typedef struct {
    int32_t out_w, pixel, channel, below, turned;
} edgegen_dsp_row;

#if EDGEGEN_DSP_ASM

/* r0, r4-r6 words of the four channels, r1, r2 ends of the rows, r7 offset from there, r8 pixel, r9 mask. */
#define EDGEGEN_DSP_FILL_STORE                                                                                         \
    "str r3, [r0], #8\n"                                                                                               \
    "str r12, [r4], #8\n"                                                                                              \
    "str lr, [r5], #8\n"                                                                                               \
    "str r11, [r6], #8\n"                                                                                              \
    "adds r7, r7, r8\n"

/* Pairs of four channels of two rows of the image; a row that is NULL reads as x_zero, but not both. */
EDGEGEN_DSP_NAKED void edgegen_dsp_fill_pairs(uint32_t *words EDGEGEN_UNUSED, const int8_t *upper EDGEGEN_UNUSED,
                                              const int8_t *lower EDGEGEN_UNUSED,
                                              const edgegen_dsp_fill *f EDGEGEN_UNUSED)
{
    __asm__("push {r4-r11, lr}\n"
            "ldm r3, {r7, r8, r9, r10}\n"
            "adds r4, r0, r9\n"
            "adds r5, r4, r9\n"
            "adds r6, r5, r9\n"
            "mul r7, r7, r8\n"
            "mov r9, #0xff00ff00\n"
            "cbz r1, 2f\n"
            "cmp r2, #0\n"
            "beq 3f\n"
            "adds r1, r1, r7\n"
            "adds r2, r2, r7\n"
            "negs r7, r7\n"
            "1:\n"
            "ldr r10, [r1, r7]\n"
            "ldr r11, [r2, r7]\n"
            "and r12, r9, r10, lsl #8\n"
            "and lr, r9, r11, lsl #8\n"
            "and r10, r10, r9\n"
            "and r11, r11, r9\n"
            "pkhbt r3, r12, lr, lsl #16\n"
            "pkhtb lr, lr, r12, asr #16\n"
            "pkhbt r12, r10, r11, lsl #16\n"
            "pkhtb r11, r11, r10, asr #16\n" EDGEGEN_DSP_FILL_STORE
            "bne 1b\n"
            "pop {r4-r11, pc}\n"
            "2:\n"
            "adds r2, r2, r7\n"
            "negs r7, r7\n"
            "4:\n"
            "ldr r11, [r2, r7]\n"
            "and lr, r9, r11, lsl #8\n"
            "and r11, r11, r9\n"
            "pkhbt r3, r10, lr, lsl #16\n"
            "pkhtb lr, lr, r10\n"
            "pkhbt r12, r10, r11, lsl #16\n"
            "pkhtb r11, r11, r10\n" EDGEGEN_DSP_FILL_STORE
            "bne 4b\n"
            "pop {r4-r11, pc}\n"
            "3:\n"
            "adds r1, r1, r7\n"
            "negs r7, r7\n"
            "5:\n"
            "ldr r11, [r1, r7]\n"
            "and lr, r9, r11, lsl #8\n"
            "and r11, r11, r9\n"
            "pkhbt r3, lr, r10\n"
            "pkhtb lr, r10, lr, asr #16\n"
            "pkhbt r12, r11, r10\n"
            "pkhtb r11, r10, r11, asr #16\n" EDGEGEN_DSP_FILL_STORE
            "bne 5b\n"
            "pop {r4-r11, pc}\n");
}

/* Stride 1. r0 words, r1 out, r2, r3 the two pairs of a column, r4-r6 weights (0, 1) of each column of the kernel,
 * r7-r9 weights (1, 2), accumulators r10, r11 (upper row), r12, lr (lower row).
 * Stack: 0 pixel, 4 below, 8 end of the words for whole tiles, 12 multiplier, 16 constant, 20 and 24 offset, 28 stream,
 * 32 words, 36 out, 40 channel, 44 bytes of whole tiles, 48 out_w is odd, 52 channels left. */
#define EDGEGEN_DSP_TAPS_3X3(w01, w12, upper, lower)                                                                   \
    "smlad " upper ", r2, " w01 ", " upper "\n"                                                                        \
    "smlatb " lower ", r2, " w01 ", " lower "\n"                                                                       \
    "smlabt " upper ", r3, " w12 ", " upper "\n"                                                                       \
    "smlad " lower ", r3, " w12 ", " lower "\n"

#define EDGEGEN_DSP_ROWS_3X3(pairs, tile, half, done)                                                                  \
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
    "ldrd r2, r3, [sp, #12]\n"                                                                                         \
    "smmla r10, r10, r2, r3\n"                                                                                         \
    "smmla r12, r12, r2, r3\n"                                                                                         \
    "ldr r3, [sp, #4]\n"                                                                                               \
    "ssat r10, #8, r10, asr #13\n"                                                                                     \
    "ssat r12, #8, r12, asr #13\n"                                                                                     \
    "strb r12, [r1, r3]\n"                                                                                             \
    "strb r10, [r1]\n" done ":\n"

/* What follows a channel's row: the next of the four. */
#define EDGEGEN_DSP_NEXT_CHANNEL(first)                                                                                \
    "ldr r3, [sp, #52]\n"                                                                                              \
    "ldrd r0, r1, [sp, #32]\n"                                                                                         \
    "ldr r2, [sp, #40]\n"                                                                                              \
    "adds r1, r1, #1\n"                                                                                                \
    "add r0, r0, r2\n"                                                                                                 \
    "subs r3, r3, #1\n"                                                                                                \
    "str r3, [sp, #52]\n"                                                                                              \
    "bne.w " first "b\n"

/* One row of outputs, or two, of four channels. words: of the block; out: the first channel's first output.
 * stream: per channel the weights (0, 1) of each column of the kernel, then (1, 2), offset, multiplier, constant */
EDGEGEN_DSP_NAKED void edgegen_dsp_rows_3x3(const uint32_t *words EDGEGEN_UNUSED, const int32_t *stream EDGEGEN_UNUSED,
                                            int8_t *out EDGEGEN_UNUSED, const edgegen_dsp_row *t EDGEGEN_UNUSED)
{
    __asm__("push {r4-r11, lr}\n"
            "sub sp, sp, #60\n"
            "ldm r3, {r4-r8}\n"
            "strd r5, r7, [sp]\n"
            "str r6, [sp, #40]\n"
            "and r9, r4, #1\n"
            "str r9, [sp, #48]\n"
            "lsrs r4, r4, #1\n"
            "lsls r4, r4, #4\n"
            "str r4, [sp, #44]\n"
            "movs r9, #4\n"
            "str r9, [sp, #52]\n"
            "str r1, [sp, #28]\n"
            "mov r1, r2\n"
            "cmp r8, #0\n"
            "bne.w 20f\n");
#define EDGEGEN_DSP_CHANNEL_3X3                                                                                        \
    "ldr r12, [sp, #28]\n"                                                                                             \
    "strd r0, r1, [sp, #32]\n"                                                                                         \
    "ldm r12!, {r4-r9}\n"                                                                                              \
    "ldr lr, [sp, #44]\n"                                                                                              \
    "ldm r12!, {r2, r3, r10}\n"                                                                                        \
    "str r12, [sp, #28]\n"                                                                                             \
    "add lr, lr, r0\n"                                                                                                 \
    "str lr, [sp, #8]\n"                                                                                               \
    "strd r3, r10, [sp, #12]\n"                                                                                        \
    "strd r2, r2, [sp, #20]\n"
    __asm__("10:\n" EDGEGEN_DSP_CHANNEL_3X3 EDGEGEN_DSP_ROWS_3X3("r2, r3", "11", "12", "13")
            EDGEGEN_DSP_NEXT_CHANNEL("10")
            "add sp, sp, #60\n"
            "pop {r4-r11, pc}\n");
    __asm__("20:\n" EDGEGEN_DSP_CHANNEL_3X3 EDGEGEN_DSP_ROWS_3X3("r3, r2", "21", "22", "23")
            EDGEGEN_DSP_NEXT_CHANNEL("20")
            "add sp, sp, #60\n"
            "pop {r4-r11, pc}\n");
}

#else

/* Word of two pixels as edgegen_dsp_fill_pairs stores it. */
EDGEGEN_INLINE uint32_t edgegen_dsp_row_pair(const int8_t *upper, const int8_t *lower, int32_t at, uint32_t zero)
{
    const int32_t above = upper != NULL ? upper[at] * 256 : edgegen_dsp_low(zero);
    return edgegen_dsp_pair(above, lower != NULL ? lower[at] * 256 : edgegen_dsp_high(zero));
}

EDGEGEN_INLINE void edgegen_dsp_fill_pairs(uint32_t *words, const int8_t *upper, const int8_t *lower,
                                           const edgegen_dsp_fill *f)
{
    for (int32_t k = 0; k < 4 * f->columns; k++) {
        const int32_t column = k / 4, channel = k % 4;
        words[channel * (f->channel / 4) + 2 * column] =
            edgegen_dsp_row_pair(upper, lower, column * f->pixel + channel, f->zero);
    }
}

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

EDGEGEN_INLINE void edgegen_dsp_rows_3x3(const uint32_t *words, const int32_t *stream, int8_t *out,
                                         const edgegen_dsp_row *t)
{
    for (int32_t c = 0; c < 4; c++) {
        for (int32_t ox = 0; ox < t->out_w; ox++) {
            for (int32_t row = t->below != 0; row >= 0; row--) {
                const int32_t acc = edgegen_dsp_window_3x3(words + 2 * ox, stream, row, t->turned, stream[6]);
                out[ox * t->pixel + row * t->below] = edgegen_dsp_result(acc, stream[7], stream[8], 0, 13);
            }
        }
        words += t->channel / 4;
        stream += 9;
        out += 1;
    }
}

#endif

#endif
