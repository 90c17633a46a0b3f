/* Register tiles in single precision for cores with the DSP extension and 32 single-precision registers (FPv4-SP). */
#ifndef EDGEGEN_SIMD_DSP_FLOAT_H
#define EDGEGEN_SIMD_DSP_FLOAT_H

#include "simd/dsp.h"

#if EDGEGEN_DSP_ASM && EDGEGEN_DSP_FLOATS
#define EDGEGEN_FLOAT_ASM 1
#else
#define EDGEGEN_FLOAT_ASM 0
#endif

/* taps:  of one pixel, an even number; units: written for one pixel, a multiple of 4
 * step:  bytes from one pixel's outputs to the next one's; relu: negative results become 0 */
typedef struct {
    int32_t taps, units, step, relu;
} edgegen_float_tile;

/* Taps of a depthwise window: bytes from one to the next along a row and from one row to the next, in x and weights.
 * start: what the sums of each channel begin with */
typedef struct {
    int32_t rows, columns, x_column, x_row, weights_column, weights_row;
    const float *start;
} edgegen_float_window;

#if EDGEGEN_FLOAT_ASM

/* `pairs` pairs of elements of four pixels that lie `gap` bytes apart, interleaved. Returns where the next ones go. */
EDGEGEN_DSP_NAKED float *edgegen_float_gather(float *strip EDGEGEN_UNUSED, const float *x EDGEGEN_UNUSED,
                                              int32_t gap EDGEGEN_UNUSED, int32_t pairs EDGEGEN_UNUSED)
{
    __asm__("cbnz r3, 1f\n"
            "bx lr\n"
            "1:\n"
            "push {r4-r11, lr}\n"
            "mov lr, r3\n"
            "add r12, r2, r2, lsl #1\n"
            "add r12, r12, r1\n"
            "add r3, r1, r2, lsl #1\n"
            "adds r2, r1, r2\n"
            "2:\n"
            "ldrd r4, r8, [r1], #8\n"
            "ldrd r5, r9, [r2], #8\n"
            "ldrd r6, r10, [r3], #8\n"
            "ldrd r7, r11, [r12], #8\n"
            "subs lr, lr, #1\n"
            "stmia r0!, {r4-r11}\n"
            "bne 2b\n"
            "pop {r4-r11, pc}\n");
}

#define EDGEGEN_FLOAT_ROW_4(a, b, c, d, x, w0, w1, w2, w3)                                                             \
    "vfma.f32 " a ", " x ", " w0 "\n"                                                                                  \
    "vfma.f32 " b ", " x ", " w1 "\n"                                                                                  \
    "vfma.f32 " c ", " x ", " w2 "\n"                                                                                  \
    "vfma.f32 " d ", " x ", " w3 "\n"

#define EDGEGEN_FLOAT_TAP_4X4(x0, x1, x2, x3, w0, w1, w2, w3)                                                          \
    EDGEGEN_FLOAT_ROW_4("s16", "s17", "s18", "s19", x0, w0, w1, w2, w3)                                                \
    EDGEGEN_FLOAT_ROW_4("s20", "s21", "s22", "s23", x1, w0, w1, w2, w3)                                                \
    EDGEGEN_FLOAT_ROW_4("s24", "s25", "s26", "s27", x2, w0, w1, w2, w3)                                                \
    EDGEGEN_FLOAT_ROW_4("s28", "s29", "s30", "s31", x3, w0, w1, w2, w3)

/* Two taps: s0-s7 pixels, s8-s15 weights, s16-s31 sums. */
#define EDGEGEN_FLOAT_PAIR_4X4                                                                                         \
    "vldm r12!, {s0-s7}\n"                                                                                             \
    "vldm r1!, {s8-s15}\n" EDGEGEN_FLOAT_TAP_4X4("s0", "s1", "s2", "s3", "s8", "s9", "s10", "s11")                     \
    EDGEGEN_FLOAT_TAP_4X4("s4", "s5", "s6", "s7", "s12", "s13", "s14", "s15")

/* Negative results become 0; a result that is not a number stays. */
#define EDGEGEN_FLOAT_RELU_4(out, a, b, c, d)                                                                          \
    "vmov r4, r5, " a ", " b "\n"                                                                                      \
    "vmov r6, r7, " c ", " d "\n"                                                                                      \
    "bic r4, r4, r4, asr #31\n"                                                                                        \
    "bic r5, r5, r5, asr #31\n"                                                                                        \
    "bic r6, r6, r6, asr #31\n"                                                                                        \
    "bic r7, r7, r7, asr #31\n"                                                                                        \
    "stmia " out "!, {r4-r7}\n"

/* Four pixels, every unit.
 *
 * strip:  [tap][pixel]; stream: per four units: bias[4], [tap][unit] */
EDGEGEN_DSP_NAKED void edgegen_float_tile_4x4(const float *strip EDGEGEN_UNUSED, const float *stream EDGEGEN_UNUSED,
                                              float *out EDGEGEN_UNUSED, const edgegen_float_tile *t EDGEGEN_UNUSED)
{
    __asm__("push {r4-r11, lr}\n"
            "vpush {s16-s31}\n"
            "sub sp, sp, #12\n"
            "ldm r3, {r4-r7}\n"
            "add r8, r2, r5, lsl #2\n"
            "str r8, [sp]\n"
            "lsrs r4, r4, #1\n"
            "str r4, [sp, #4]\n"
            "str r7, [sp, #8]\n"
            "adds r3, r2, r6\n"
            "add r8, r3, r6\n"
            "add r9, r8, r6\n"
            "1:\n"
            "vldm r1!, {s16-s19}\n"
            "ldr lr, [sp, #4]\n"
            "mov r12, r0\n"
            "vmov.f32 s20, s16\n"
            "vmov.f32 s21, s17\n"
            "vmov.f32 s22, s18\n"
            "vmov.f32 s23, s19\n"
            "vmov.f32 s24, s16\n"
            "vmov.f32 s25, s17\n"
            "vmov.f32 s26, s18\n"
            "vmov.f32 s27, s19\n"
            "vmov.f32 s28, s16\n"
            "vmov.f32 s29, s17\n"
            "vmov.f32 s30, s18\n"
            "vmov.f32 s31, s19\n"
            "lsls r4, lr, #31\n"
            "beq 2f\n" EDGEGEN_FLOAT_PAIR_4X4);
    __asm__("2:\n"
            "lsrs lr, lr, #1\n"
            "beq.w 4f\n"
            "3:\n" EDGEGEN_FLOAT_PAIR_4X4 EDGEGEN_FLOAT_PAIR_4X4);
    __asm__("subs lr, lr, #1\n"
            "bne.w 3b\n"
            "4:\n"
            "ldr r10, [sp]\n"
            "ldr r11, [sp, #8]\n"
            "cmp r11, #0\n"
            "bne 6f\n"
            "vstmia r2!, {s16-s19}\n"
            "vstmia r3!, {s20-s23}\n"
            "vstmia r8!, {s24-s27}\n"
            "vstmia r9!, {s28-s31}\n"
            "cmp r2, r10\n"
            "bne.w 1b\n"
            "b 7f\n"
            "6:\n" EDGEGEN_FLOAT_RELU_4("r2", "s16", "s17", "s18", "s19")
            EDGEGEN_FLOAT_RELU_4("r3", "s20", "s21", "s22", "s23")
            EDGEGEN_FLOAT_RELU_4("r8", "s24", "s25", "s26", "s27")
            EDGEGEN_FLOAT_RELU_4("r9", "s28", "s29", "s30", "s31")
            "cmp r2, r10\n"
            "bne.w 1b\n"
            "7:\n"
            "add sp, sp, #12\n"
            "vpop {s16-s31}\n"
            "pop {r4-r11, pc}\n");
}

/* Four taps of four units: s4-s7 x, s8-s23 weights, s0-s3 sums. */
#define EDGEGEN_FLOAT_TAPS_1X4                                                                                         \
    "vldm r12!, {s4-s7}\n"                                                                                             \
    "vldm r1!, {s8-s23}\n" EDGEGEN_FLOAT_ROW_4("s0", "s1", "s2", "s3", "s4", "s8", "s9", "s10", "s11")                 \
    EDGEGEN_FLOAT_ROW_4("s0", "s1", "s2", "s3", "s5", "s12", "s13", "s14", "s15")                                      \
    EDGEGEN_FLOAT_ROW_4("s0", "s1", "s2", "s3", "s6", "s16", "s17", "s18", "s19")                                      \
    EDGEGEN_FLOAT_ROW_4("s0", "s1", "s2", "s3", "s7", "s20", "s21", "s22", "s23")

/* One pixel, every unit: x[taps], any number of taps; the stream as edgegen_float_tile_4x4's; step is not used. */
EDGEGEN_DSP_NAKED void edgegen_float_tile_1x4(const float *x EDGEGEN_UNUSED, const float *stream EDGEGEN_UNUSED,
                                              float *out EDGEGEN_UNUSED, const edgegen_float_tile *t EDGEGEN_UNUSED)
{
    __asm__("push {r4-r11, lr}\n"
            "vpush {s16-s23}\n"
            "ldm r3, {r8, r9, r10, r11}\n"
            "add r9, r2, r9, lsl #2\n"
            "1:\n"
            "vldm r1!, {s0-s3}\n"
            "mov r12, r0\n"
            "lsrs r3, r8, #2\n"
            "beq 3f\n"
            "2:\n" EDGEGEN_FLOAT_TAPS_1X4 "subs r3, r3, #1\n"
            "bne 2b\n"
            "3:\n"
            "ands r3, r8, #3\n"
            "beq 5f\n"
            "4:\n"
            "vldm r12!, {s4}\n"
            "vldm r1!, {s8-s11}\n" EDGEGEN_FLOAT_ROW_4("s0", "s1", "s2", "s3", "s4", "s8", "s9", "s10", "s11")
            "subs r3, r3, #1\n"
            "bne 4b\n"
            "5:\n"
            "cmp r11, #0\n"
            "bne 6f\n"
            "vstmia r2!, {s0-s3}\n"
            "cmp r2, r9\n"
            "bne.w 1b\n"
            "b 7f\n"
            "6:\n" EDGEGEN_FLOAT_RELU_4("r2", "s0", "s1", "s2", "s3")
            "cmp r2, r9\n"
            "bne.w 1b\n"
            "7:\n"
            "vpop {s16-s23}\n"
            "pop {r4-r11, pc}\n");
}

#define EDGEGEN_FLOAT_FILTER_4                                                                                         \
    "vfma.f32 s0, s8, s16\n"                                                                                           \
    "vfma.f32 s1, s9, s17\n"                                                                                           \
    "vfma.f32 s2, s10, s18\n"                                                                                          \
    "vfma.f32 s3, s11, s19\n"

/* Sums of 8 (or 4) channels over the window: sums[c] = start[c] + x[c] * weights[c] + ..., written after x is read. */
EDGEGEN_DSP_NAKED void edgegen_float_filter_8(float *sums EDGEGEN_UNUSED, const float *x EDGEGEN_UNUSED,
                                              const float *weights EDGEGEN_UNUSED,
                                              const edgegen_float_window *w EDGEGEN_UNUSED)
{
    __asm__("push {r4-r11, lr}\n"
            "vpush {s16-s23}\n"
            "ldm r3, {r4-r10}\n"
            "vldm r10, {s0-s7}\n"
            "1:\n"
            "mov r10, r1\n"
            "mov r11, r2\n"
            "mov r12, r5\n"
            "2:\n"
            "vldm r10, {s8-s15}\n"
            "vldm r11, {s16-s23}\n"
            "add r10, r10, r6\n"
            "add r11, r11, r8\n"
            "subs r12, r12, #1\n" EDGEGEN_FLOAT_FILTER_4
            "vfma.f32 s4, s12, s20\n"
            "vfma.f32 s5, s13, s21\n"
            "vfma.f32 s6, s14, s22\n"
            "vfma.f32 s7, s15, s23\n"
            "bne 2b\n"
            "adds r1, r1, r7\n"
            "add r2, r2, r9\n"
            "subs r4, r4, #1\n"
            "bne 1b\n"
            "vstmia r0, {s0-s7}\n"
            "vpop {s16-s23}\n"
            "pop {r4-r11, pc}\n");
}

EDGEGEN_DSP_NAKED void edgegen_float_filter_4(float *sums EDGEGEN_UNUSED, const float *x EDGEGEN_UNUSED,
                                              const float *weights EDGEGEN_UNUSED,
                                              const edgegen_float_window *w EDGEGEN_UNUSED)
{
    __asm__("push {r4-r11, lr}\n"
            "vpush {s16-s19}\n"
            "ldm r3, {r4-r10}\n"
            "vldm r10, {s0-s3}\n"
            "1:\n"
            "mov r10, r1\n"
            "mov r11, r2\n"
            "mov r12, r5\n"
            "2:\n"
            "vldm r10, {s8-s11}\n"
            "vldm r11, {s16-s19}\n"
            "add r10, r10, r6\n"
            "add r11, r11, r8\n"
            "subs r12, r12, #1\n" EDGEGEN_FLOAT_FILTER_4
            "bne 2b\n"
            "adds r1, r1, r7\n"
            "add r2, r2, r9\n"
            "subs r4, r4, #1\n"
            "bne 1b\n"
            "vstmia r0, {s0-s3}\n"
            "vpop {s16-s19}\n"
            "pop {r4-r11, pc}\n");
}

#else

EDGEGEN_INLINE float *edgegen_float_gather(float *strip, const float *x, int32_t gap, int32_t pairs)
{
    for (int32_t k = 0; k < 8 * pairs; k++) {
        strip[k] = x[k / 4 + k % 4 * (gap / 4)];
    }
    return strip + 8 * pairs;
}

/* One unit of one pixel, whose taps lie `apart` elements from each other. */
EDGEGEN_INLINE float edgegen_float_unit(const float *x, int32_t apart, const float *stream, int32_t unit,
                                        const edgegen_float_tile *t)
{
    float acc = stream[unit];
    for (int32_t k = 0; k < t->taps; k++) {
        acc += x[k * apart] * stream[4 + 4 * k + unit];
    }
    return t->relu != 0 && acc < 0.0f ? 0.0f : acc;
}

EDGEGEN_INLINE void edgegen_float_tile_4x4(const float *strip, const float *stream, float *out,
                                           const edgegen_float_tile *t)
{
    for (int32_t o = 0; o < t->units; o++) {
        for (int32_t pixel = 0; pixel < 4; pixel++) {
            out[pixel * (t->step / 4) + o] =
                edgegen_float_unit(strip + pixel, 4, stream + o / 4 * (4 + 4 * t->taps), o % 4, t);
        }
    }
}

EDGEGEN_INLINE void edgegen_float_tile_1x4(const float *x, const float *stream, float *out,
                                           const edgegen_float_tile *t)
{
    for (int32_t o = 0; o < t->units; o++) {
        out[o] = edgegen_float_unit(x, 1, stream + o / 4 * (4 + 4 * t->taps), o % 4, t);
    }
}

EDGEGEN_INLINE void edgegen_float_filter(float *sums, const float *x, const float *weights,
                                         const edgegen_float_window *w, int32_t channels)
{
    float acc[8];
    for (int32_t c = 0; c < channels; c++) {
        acc[c] = w->start[c];
    }
    for (int32_t tap = 0; tap < w->rows * w->columns; tap++) {
        const int32_t row = tap / w->columns, column = tap % w->columns;
        for (int32_t c = 0; c < channels; c++) {
            acc[c] += x[(row * w->x_row + column * w->x_column) / 4 + c] *
                      weights[(row * w->weights_row + column * w->weights_column) / 4 + c];
        }
    }
    for (int32_t c = 0; c < channels; c++) {
        sums[c] = acc[c];
    }
}

EDGEGEN_INLINE void edgegen_float_filter_8(float *sums, const float *x, const float *weights,
                                           const edgegen_float_window *w)
{
    edgegen_float_filter(sums, x, weights, w, 8);
}

EDGEGEN_INLINE void edgegen_float_filter_4(float *sums, const float *x, const float *weights,
                                           const edgegen_float_window *w)
{
    edgegen_float_filter(sums, x, weights, w, 4);
}

#endif

#endif
