/* Strips: the taps of two or three pixels, widened to s16 and interleaved as edgegen_dsp_tile_2x2 and _3x2 read. */
#ifndef EDGEGEN_SIMD_DSP_STRIP_H
#define EDGEGEN_SIMD_DSP_STRIP_H

#include "simd/dsp.h"

/* The first word of one pixel in a strip of `pixels` pixels; from one of its quads to the next there are 2 * pixels
 * words. */
EDGEGEN_INLINE uint32_t *edgegen_dsp_pixel(uint32_t *strip, int32_t pixels, int32_t pixel)
{
    return strip + (pixels == 2 ? 2 * pixel : pixel);
}

/* From a quad's even taps to its odd ones. */
EDGEGEN_INLINE int32_t edgegen_dsp_odd_offset(int32_t pixels) { return pixels == 2 ? 1 : 3; }

/* Four bytes at `at` of a row of `size` bytes; what lies outside reads as `zero`, four equal bytes. */
EDGEGEN_INLINE uint32_t edgegen_dsp_row_bytes(const int8_t *row, int32_t size, int32_t at, uint32_t zero)
{
    if (at <= -4 || at >= size) {
        return zero;
    }
    if (size < 4) {
        uint32_t bytes = zero;
        for (int32_t i = edgegen_max_s32(0, -at); i < 4 && at + i < size; i++) {
            bytes = (bytes & ~(UINT32_C(0xff) << 8 * i)) | (uint32_t)(uint8_t)row[at + i] << 8 * i;
        }
        return bytes;
    }
    if (at < 0) {
        const int32_t outside = -8 * at;
        return edgegen_dsp_load(row) << outside | (zero & ~(UINT32_MAX << outside));
    }
    if (at > size - 4) {
        const int32_t outside = 8 * (at - (size - 4));
        return edgegen_dsp_load(row + size - 4) >> outside | (zero & ~(UINT32_MAX >> outside));
    }
    return edgegen_dsp_load(row + at);
}

/* `quads` quads of one pixel from `at` of a row of `size` bytes, NULL if the row lies outside the image. Returns where
 * the next ones go. */
EDGEGEN_INLINE uint32_t *edgegen_dsp_widen_row(uint32_t *words, const int8_t *row, int32_t size, int32_t at,
                                               int32_t quads, uint32_t zero, int32_t pixels)
{
    const int32_t odd = edgegen_dsp_odd_offset(pixels), next = 2 * pixels;
    int32_t q = 0, before = quads, whole = 0; /* quads until one lies wholly inside, and until none does any more */
    if (row != NULL && quads > 2) {
        before = edgegen_min_s32(edgegen_max_s32((3 - at) >> 2, 0), quads);
        whole = edgegen_min_s32((size - at) >> 2, quads);
    }
    for (; q < before; q++, words += next) {
        const uint32_t bytes = row == NULL ? zero : edgegen_dsp_row_bytes(row, size, at + 4 * q, zero);
        words[0] = edgegen_dsp_even(bytes);
        words[odd] = edgegen_dsp_odd(bytes);
    }
    for (; q < whole; q++, words += next) {
        const uint32_t bytes = edgegen_dsp_load(row + at + 4 * q);
        words[0] = edgegen_dsp_even(bytes);
        words[odd] = edgegen_dsp_odd(bytes);
    }
    for (; q < quads; q++, words += next) {
        const uint32_t bytes = edgegen_dsp_row_bytes(row, size, at + 4 * q, zero);
        words[0] = edgegen_dsp_even(bytes);
        words[odd] = edgegen_dsp_odd(bytes);
    }
    return words;
}

/* Windows wholly inside the image: `rows` rows of `quads` quads. Bytes from one pixel to the next, from the start of a
 * row to the next row's. */
typedef struct {
    int32_t gap, quads, rows, row;
} edgegen_dsp_windows;

#if EDGEGEN_DSP_ASM

#define EDGEGEN_DSP_WIDEN_2                                                                                            \
    "ldr r4, [r2], #4\n"                                                                                               \
    "ldr r6, [r3], #4\n"                                                                                               \
    "sxtb16 r5, r4, ror #8\n"                                                                                          \
    "sxtb16 r4, r4\n"                                                                                                  \
    "sxtb16 r7, r6, ror #8\n"                                                                                          \
    "sxtb16 r6, r6\n"                                                                                                  \
    "stmia r0!, {r4-r7}\n"

/* A strip of two pixels, the first window at x. */
EDGEGEN_DSP_NAKED void edgegen_dsp_widen_2(uint32_t *strip EDGEGEN_UNUSED, const int8_t *x EDGEGEN_UNUSED,
                                           const edgegen_dsp_windows *w EDGEGEN_UNUSED)
{
    __asm__("push {r4-r10, lr}\n"
            "ldm r2, {r8, r9, r10, r12}\n"
            "1:\n"
            "mov r2, r1\n"
            "add r3, r1, r8\n"
            "lsrs lr, r9, #1\n"
            "bcc 2f\n" EDGEGEN_DSP_WIDEN_2
            "cmp lr, #0\n"
            "2:\n"
            "beq 4f\n"
            "3:\n" EDGEGEN_DSP_WIDEN_2 EDGEGEN_DSP_WIDEN_2
            "subs lr, lr, #1\n"
            "bne 3b\n"
            "4:\n"
            "add r1, r1, r12\n"
            "subs r10, r10, #1\n"
            "bne 1b\n"
            "pop {r4-r10, pc}\n");
}

#define EDGEGEN_DSP_WIDEN_3                                                                                            \
    "ldr r7, [r2], #4\n"                                                                                               \
    "ldr r8, [r3], #4\n"                                                                                               \
    "ldr r9, [r10], #4\n"                                                                                              \
    "sxtb16 r4, r7\n"                                                                                                  \
    "sxtb16 r5, r8\n"                                                                                                  \
    "sxtb16 r6, r9\n"                                                                                                  \
    "sxtb16 r7, r7, ror #8\n"                                                                                          \
    "sxtb16 r8, r8, ror #8\n"                                                                                          \
    "sxtb16 r9, r9, ror #8\n"                                                                                          \
    "stmia r0!, {r4-r9}\n"

/* A strip of three pixels, the first window at x. */
EDGEGEN_DSP_NAKED void edgegen_dsp_widen_3(uint32_t *strip EDGEGEN_UNUSED, const int8_t *x EDGEGEN_UNUSED,
                                           const edgegen_dsp_windows *w EDGEGEN_UNUSED)
{
    __asm__("push {r2, r4-r11, lr}\n"
            "ldr r12, [r2, #8]\n"
            "1:\n"
            "ldr r10, [sp]\n"
            "ldrd r11, lr, [r10]\n"
            "mov r2, r1\n"
            "add r3, r1, r11\n"
            "add r10, r3, r11\n"
            "lsrs lr, lr, #1\n"
            "bcc 2f\n" EDGEGEN_DSP_WIDEN_3
            "cmp lr, #0\n"
            "2:\n"
            "beq 4f\n"
            "3:\n" EDGEGEN_DSP_WIDEN_3 EDGEGEN_DSP_WIDEN_3
            "subs lr, lr, #1\n"
            "bne 3b\n"
            "4:\n"
            "ldr r10, [sp]\n"
            "ldr r11, [r10, #12]\n"
            "add r1, r1, r11\n"
            "subs r12, r12, #1\n"
            "bne 1b\n"
            "pop {r2, r4-r11, pc}\n");
}

#else

EDGEGEN_INLINE void edgegen_dsp_widen_windows(uint32_t *strip, const int8_t *x, const edgegen_dsp_windows *w,
                                              int32_t pixels)
{
    for (int32_t j = 0; j < pixels; j++) {
        uint32_t *words = edgegen_dsp_pixel(strip, pixels, j);
        for (int32_t row = 0; row < w->rows; row++) {
            words = edgegen_dsp_widen_row(words, x + j * w->gap + row * w->row, INT32_MAX, 0, w->quads, 0, pixels);
        }
    }
}

EDGEGEN_INLINE void edgegen_dsp_widen_2(uint32_t *strip, const int8_t *x, const edgegen_dsp_windows *w)
{
    edgegen_dsp_widen_windows(strip, x, w, 2);
}

EDGEGEN_INLINE void edgegen_dsp_widen_3(uint32_t *strip, const int8_t *x, const edgegen_dsp_windows *w)
{
    edgegen_dsp_widen_windows(strip, x, w, 3);
}

#endif

#endif
