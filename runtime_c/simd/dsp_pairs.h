/* Pairs of image rows for depthwise 3x3 on the DSP extension, channel by channel.
 *
 * A word holds the same pixel of two neighbouring rows, each s8 times 2^8. For a block of four channels scratch holds
 * [channel][column][2]: the two pairs of rows that three or four rows of the image make. The next output rows need the
 * second pair again and one more, so the pairs change places: `turned` says that the second lies first. */
#ifndef EDGEGEN_SIMD_DSP_PAIRS_H
#define EDGEGEN_SIMD_DSP_PAIRS_H

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

/* Computes a row of outputs, or two, of four channels from their pairs at `words`. out: the first channel's first
 * output. The stream has 9 or 10 words a channel for stride 1, 8 or 9 for stride 2; the last is a correction. */
typedef void edgegen_dsp_rows(const uint32_t *words, const int32_t *stream, int8_t *out, const edgegen_dsp_row *t);

#if EDGEGEN_DSP_ASM

/* What differs between rows without and with a correction of negative sums: in a channel's set-up, where r12 is the
 * stream, before a tile's results, and for each sum. */
#define EDGEGEN_DSP_PLAIN_SETUP ""
#define EDGEGEN_DSP_PLAIN_START ""
#define EDGEGEN_DSP_PLAIN_SUM(acc) ""
#define EDGEGEN_DSP_CORRECTED_SETUP                                                                                    \
    "ldr r11, [r12], #4\n"                                                                                             \
    "str r11, [sp, #56]\n"
#define EDGEGEN_DSP_CORRECTED_START "ldr r2, [sp, #56]\n"
#define EDGEGEN_DSP_CORRECTED_SUM(acc)                                                                                 \
    "and r3, r2, " acc ", asr #31\n"                                                                                   \
    "sub " acc ", " acc ", r3\n"

/* What follows a channel's row: the next of the four. */
#define EDGEGEN_DSP_NEXT_CHANNEL(first)                                                                                \
    "ldr r3, [sp, #52]\n"                                                                                              \
    "ldrd r0, r1, [sp, #32]\n"                                                                                         \
    "ldr r2, [sp, #40]\n"                                                                                              \
    "adds r1, r1, #1\n"                                                                                                \
    "add r0, r0, r2\n"                                                                                                 \
    "subs r3, r3, #1\n"                                                                                                \
    "str r3, [sp, #52]\n"                                                                                              \
    "bne.w " first "b\n"                                                                                               \
    "add sp, sp, #60\n"                                                                                                \
    "pop {r4-r11, pc}\n"

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

#endif

#endif
