/* Strips: the taps of two or three pixels, widened to s16 and interleaved as edgegen_dsp_tile_2x2 and _3x2 read them. */
#ifndef EDGEGEN_SIMD_DSP_STRIP_H
#define EDGEGEN_SIMD_DSP_STRIP_H

#include "simd/dsp.h"

/* The words of one pixel in a strip of `pixels`: the first of its first quad, from there to the odd taps, and from one
 * quad to the next. */
EDGEGEN_INLINE uint32_t *edgegen_dsp_pixel(uint32_t *strip, int32_t pixels, int32_t pixel)
{
    return strip + (pixels == 2 ? 2 * pixel : pixel);
}

EDGEGEN_INLINE int32_t edgegen_dsp_odd_offset(int32_t pixels) { return pixels == 2 ? 1 : 3; }

/* One quad of a pixel from `count` bytes (1 to 4); the missing taps are 0. */
EDGEGEN_INLINE void edgegen_dsp_widen_quad(uint32_t *strip, int32_t odd, const int8_t *x, int32_t count)
{
    uint32_t bytes = (uint8_t)x[0];
    if (count > 1) {
        bytes |= (uint32_t)(uint8_t)x[1] << 8;
    }
    if (count > 2) {
        bytes |= (uint32_t)(uint8_t)x[2] << 16;
    }
    if (count > 3) {
        bytes |= (uint32_t)(uint8_t)x[3] << 24;
    }
    strip[0] = edgegen_dsp_even(bytes);
    strip[odd] = edgegen_dsp_odd(bytes);
}

/* `run` bytes of one pixel, padded to whole quads with taps of 0. Returns where the next run goes. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED uint32_t *edgegen_dsp_widen_1(uint32_t *strip, const int8_t *x, int32_t run,
                                                                     int32_t pixels)
{
    const int32_t odd = edgegen_dsp_odd_offset(pixels);
    for (; run >= 4; run -= 4) {
        const uint32_t bytes = edgegen_dsp_load(x);
        strip[0] = edgegen_dsp_even(bytes);
        strip[odd] = edgegen_dsp_odd(bytes);
        strip += 2 * pixels;
        x += 4;
    }
    if (run > 0) {
        edgegen_dsp_widen_quad(strip, odd, x, run);
        strip += 2 * pixels;
    }
    return strip;
}

#if EDGEGEN_DSP_ASM

/* `quads` quads of two pixels whose bytes lie `gap` apart. Returns where the next quads go. */
EDGEGEN_DSP_NAKED uint32_t *edgegen_dsp_widen_2(uint32_t *strip EDGEGEN_UNUSED, const int8_t *x EDGEGEN_UNUSED,
                                                int32_t gap EDGEGEN_UNUSED, int32_t quads EDGEGEN_UNUSED)
{
#define EDGEGEN_DSP_WIDEN_2                                                                                            \
    "ldr r4, [r1], #4\n"                                                                                               \
    "ldr r6, [r2], #4\n"                                                                                               \
    "sxtb16 r5, r4, ror #8\n"                                                                                          \
    "sxtb16 r4, r4\n"                                                                                                  \
    "sxtb16 r7, r6, ror #8\n"                                                                                          \
    "sxtb16 r6, r6\n"                                                                                                  \
    "stmia r0!, {r4-r7}\n"
    __asm__("push {r4-r7}\n"
            "adds r2, r1, r2\n"
            "lsrs r12, r3, #1\n"
            "beq 2f\n"
            "1:\n" EDGEGEN_DSP_WIDEN_2 EDGEGEN_DSP_WIDEN_2
            "subs r12, r12, #1\n"
            "bne 1b\n"
            "2:\n"
            "lsls r3, r3, #31\n"
            "beq 3f\n" EDGEGEN_DSP_WIDEN_2
            "3:\n"
            "pop {r4-r7}\n"
            "bx lr\n");
}

/* `quads` quads of three pixels whose bytes lie `gap` apart. Returns where the next quads go. */
EDGEGEN_DSP_NAKED uint32_t *edgegen_dsp_widen_3(uint32_t *strip EDGEGEN_UNUSED, const int8_t *x EDGEGEN_UNUSED,
                                                int32_t gap EDGEGEN_UNUSED, int32_t quads EDGEGEN_UNUSED)
{
#define EDGEGEN_DSP_WIDEN_3                                                                                            \
    "ldr r7, [r1], #4\n"                                                                                               \
    "ldr r8, [r2], #4\n"                                                                                               \
    "ldr r9, [r10], #4\n"                                                                                              \
    "sxtb16 r4, r7\n"                                                                                                  \
    "sxtb16 r5, r8\n"                                                                                                  \
    "sxtb16 r6, r9\n"                                                                                                  \
    "sxtb16 r7, r7, ror #8\n"                                                                                          \
    "sxtb16 r8, r8, ror #8\n"                                                                                          \
    "sxtb16 r9, r9, ror #8\n"                                                                                          \
    "stmia r0!, {r4-r9}\n"
    __asm__("push {r4-r10}\n"
            "add r10, r1, r2, lsl #1\n"
            "adds r2, r1, r2\n"
            "lsrs r12, r3, #1\n"
            "beq 2f\n"
            "1:\n" EDGEGEN_DSP_WIDEN_3 EDGEGEN_DSP_WIDEN_3
            "subs r12, r12, #1\n"
            "bne 1b\n"
            "2:\n"
            "lsls r3, r3, #31\n"
            "beq 3f\n" EDGEGEN_DSP_WIDEN_3
            "3:\n"
            "pop {r4-r10}\n"
            "bx lr\n");
}

#else

EDGEGEN_INLINE uint32_t *edgegen_dsp_widen_2(uint32_t *strip, const int8_t *x, int32_t gap, int32_t quads)
{
    edgegen_dsp_widen_1(edgegen_dsp_pixel(strip, 2, 1), x + gap, 4 * quads, 2);
    return edgegen_dsp_widen_1(strip, x, 4 * quads, 2);
}

EDGEGEN_INLINE uint32_t *edgegen_dsp_widen_3(uint32_t *strip, const int8_t *x, int32_t gap, int32_t quads)
{
    edgegen_dsp_widen_1(edgegen_dsp_pixel(strip, 3, 2), x + 2 * gap, 4 * quads, 3);
    edgegen_dsp_widen_1(edgegen_dsp_pixel(strip, 3, 1), x + gap, 4 * quads, 3);
    return edgegen_dsp_widen_1(strip, x, 4 * quads, 3);
}

#endif

#endif
