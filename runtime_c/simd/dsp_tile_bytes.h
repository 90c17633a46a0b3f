/* Register tiles of matrix products on the DSP extension with one byte a weight.
 *
 * Two units share a 16-bit lane: 256 * w1 + w0, with w0 signed, so w1 = -128 beside a negative w0 has no such form.
 * Products with whole lanes sum to 256 * acc1 + acc0 and products with the low bytes to acc0: the difference is acc1,
 * already scaled by 2^8. */
#ifndef EDGEGEN_SIMD_DSP_TILE_BYTES_H
#define EDGEGEN_SIMD_DSP_TILE_BYTES_H

#include "simd/dsp_tile.h"

#if EDGEGEN_DSP_ASM

/* r0 strip, r1 stream, r2, r3 weights, lr their low bytes, r10-r12 pixels; sums of low bytes: r4, r6, r8, of whole
 * lanes: r5, r7, r9. Stack: 0 outputs, 12 strip, 16 entry into the unrolled quads, 20 where they lead, 24 end of
 * pixel 0's outputs, 28 end of the strip, 36 epilogue, 40 shift. */
#define EDGEGEN_DSP_HALF_QUAD_3X2(w)                                                                                   \
    "ldm r0!, {r10-r12}\n"                                                                                             \
    "sxtb16 lr, " w "\n"                                                                                               \
    "smlad r5, r10, " w ", r5\n"                                                                                       \
    "smlad r7, r11, " w ", r7\n"                                                                                       \
    "smlad r9, r12, " w ", r9\n"                                                                                       \
    "smlad r4, r10, lr, r4\n"                                                                                          \
    "smlad r6, r11, lr, r6\n"                                                                                          \
    "smlad r8, r12, lr, r8\n"

#define EDGEGEN_DSP_QUAD_3X2                                                                                           \
    "ldm.w r1!, {r2, r3}\n" EDGEGEN_DSP_HALF_QUAD_3X2("r2") EDGEGEN_DSP_HALF_QUAD_3X2("r3")

#define EDGEGEN_DSP_STORE_3X2                                                                                          \
    "ldm sp, {r2, r3, r10}\n"                                                                                          \
    "ldr r11, [sp, #24]\n"                                                                                             \
    "strb r4, [r2], #1\n"                                                                                              \
    "strb r5, [r2], #1\n"                                                                                              \
    "strb r6, [r3], #1\n"                                                                                              \
    "strb r7, [r3], #1\n"                                                                                              \
    "strb r8, [r10], #1\n"                                                                                             \
    "strb r9, [r10], #1\n"                                                                                             \
    "stm sp, {r2, r3, r10}\n"                                                                                          \
    "cmp r2, r11\n"                                                                                                    \
    "bne.w 1b\n"                                                                                                       \
    "b.w 9f\n"

#define EDGEGEN_DSP_RESULTS_3X2(shift)                                                                                 \
    "ldm r1!, {r2, r3, r10-r12}\n"                                                                                     \
    "subs r5, r5, r4\n"                                                                                                \
    "subs r7, r7, r6\n"                                                                                                \
    "sub r9, r9, r8\n"                                                                                                 \
    "add r4, r2, r4, lsl #8\n"                                                                                         \
    "add r6, r2, r6, lsl #8\n"                                                                                         \
    "add r8, r2, r8, lsl #8\n"                                                                                         \
    "smmla r4, r4, r3, r10\n"                                                                                          \
    "smmla r5, r5, r11, r12\n"                                                                                         \
    "smmla r6, r6, r3, r10\n"                                                                                          \
    "smmla r7, r7, r11, r12\n"                                                                                         \
    "smmla r8, r8, r3, r10\n"                                                                                          \
    "smmla r9, r9, r11, r12\n"                                                                                         \
    "ssat r4, #8, r4, asr #" shift "\n"                                                                                \
    "ssat r5, #8, r5, asr #" shift "\n"                                                                                \
    "ssat r6, #8, r6, asr #" shift "\n"                                                                                \
    "ssat r7, #8, r7, asr #" shift "\n"                                                                                \
    "ssat r8, #8, r8, asr #" shift "\n"                                                                                \
    "ssat r9, #8, r9, asr #" shift "\n" EDGEGEN_DSP_STORE_3X2

/* Accumulators of the two units: r4, r6, r8 and r5, r7, r9. */
#define EDGEGEN_DSP_SUMS_3X2                                                                                           \
    "ldm.w r1!, {r2, r3}\n"                                                                                            \
    "subs r5, r5, r4\n"                                                                                                \
    "subs r7, r7, r6\n"                                                                                                \
    "sub r9, r9, r8\n"                                                                                                 \
    "adds r4, r4, r2\n"                                                                                                \
    "adds r6, r6, r2\n"                                                                                                \
    "add r8, r8, r2\n"                                                                                                 \
    "add r5, r3, r5, asr #8\n"                                                                                         \
    "add r7, r3, r7, asr #8\n"                                                                                         \
    "add r9, r3, r9, asr #8\n"

#define EDGEGEN_DSP_SCALED_3X2                                                                                         \
    EDGEGEN_DSP_SUMS_3X2                                                                                               \
    "vldm r1!, {s6-s7}\n"                                                                                              \
    "vmov s0, s1, r4, r5\n"                                                                                            \
    "vmov s2, s3, r6, r7\n"                                                                                            \
    "vmov s4, s5, r8, r9\n" EDGEGEN_DSP_TO_STEPS("s0", "s6") EDGEGEN_DSP_TO_STEPS("s1", "s7")                          \
    EDGEGEN_DSP_TO_STEPS("s2", "s6") EDGEGEN_DSP_TO_STEPS("s3", "s7") EDGEGEN_DSP_TO_STEPS("s4", "s6")                 \
    EDGEGEN_DSP_TO_STEPS("s5", "s7")                                                                                   \
    "vmov r4, r5, s0, s1\n"                                                                                            \
    "vmov r6, r7, s2, s3\n"                                                                                            \
    "vmov r8, r9, s4, s5\n"                                                                                            \
    "ldr r2, [sp, #40]\n" EDGEGEN_DSP_ADD_ZERO("r4") EDGEGEN_DSP_ADD_ZERO("r5") EDGEGEN_DSP_ADD_ZERO("r6")             \
    EDGEGEN_DSP_ADD_ZERO("r7") EDGEGEN_DSP_ADD_ZERO("r8") EDGEGEN_DSP_ADD_ZERO("r9") EDGEGEN_DSP_STORE_3X2

/* Three pixels, every unit.
 *
 * strip:  three words of 0, then per quad [even, odd][pixel]: words of taps (0, 2) and (1, 3)
 * stream: per two units: offset of the second, per quad [even, odd] lanes, then offset, multiplier, constant of the
 *         first and multiplier, constant of the second; with EDGEGEN_DSP_RESULT_ANY each constant is followed by a
 *         correction; for accumulators the two biases follow the lanes instead, for EDGEGEN_DSP_SCALED the two biases
 *         and the two factors */
EDGEGEN_DSP_NAKED void EDGEGEN_DSP_TILE(edgegen_dsp_tile_3x2)(const uint32_t *strip EDGEGEN_UNUSED,
                                                              const int32_t *stream EDGEGEN_UNUSED,
                                                              uint8_t *out EDGEGEN_UNUSED,
                                                              edgegen_dsp_tile *t EDGEGEN_UNUSED)
{
    __asm__("push {r4-r11, lr}\n"
            "sub sp, sp, #44\n"
            "7:\n"
            "ldm r3, {r4-r10}\n" /* entry, where blocks lead, bytes of the strip, epilogue; shift, step, bytes */
            "cmp r4, #0\n"
            "beq.w 8f\n"
            "add r11, r2, r9\n"
            "add r9, r9, r11\n"
            "add r10, r10, r2\n"
            "adds r6, r6, r0\n"
            "strd r2, r11, [sp]\n"
            "strd r9, r0, [sp, #8]\n"
            "strd r4, r5, [sp, #16]\n"
            "strd r10, r6, [sp, #24]\n"
            "strd r7, r8, [sp, #36]\n"
            "1:\n"
            "ldr r0, [sp, #12]\n"
            "ldm r0!, {r4, r6, r8}\n"
            "ldr r5, [r1], #4\n"
            "mov r7, r5\n"
            "mov r9, r5\n"
            "ldr pc, [sp, #16]\n"
            ".balign 4\n"
            "90: .word 20f - 90b + 1, 21f - 90b + 1, 22f - 90b + 1, 23f - 90b + 1, 24f - 90b + 1, 25f - 90b + 1\n"
            ".word 26f - 90b + 1\n"
            ".word 80f - 90b + 1, 10f - 90b + 1\n"
            "10:\n"
            ".rept " EDGEGEN_DSP_UNROLL "\n" EDGEGEN_DSP_QUAD_3X2 ".endr\n"
            "ldr pc, [sp, #20]\n"
            "80:\n"
            "ldr r2, [sp, #28]\n"
            "cmp r0, r2\n"
            "bne.w 10b\n"
            "ldr pc, [sp, #36]\n");
    __asm__("20:\n" EDGEGEN_DSP_RESULTS_3X2("9")
            "21:\n" EDGEGEN_DSP_RESULTS_3X2("11"));
    __asm__("26:\n" EDGEGEN_DSP_FLOAT_CODE(EDGEGEN_DSP_SCALED_3X2));
    __asm__("22:\n" EDGEGEN_DSP_RESULTS_3X2("13")
            "23:\n" EDGEGEN_DSP_RESULTS_3X2("15"));
    __asm__("24:\n"
            "subs r5, r5, r4\n"
            "subs r7, r7, r6\n"
            "sub r9, r9, r8\n"
            "ldm r1!, {r2, r3, r10, r11}\n"
            "add r4, r2, r4, lsl #8\n"
            "add r6, r2, r6, lsl #8\n"
            "add r8, r2, r8, lsl #8\n"
            "and lr, r11, r4, asr #31\n"
            "sub r4, r4, lr\n"
            "smmla r4, r4, r3, r10\n"
            "and lr, r11, r6, asr #31\n"
            "sub r6, r6, lr\n"
            "smmla r6, r6, r3, r10\n"
            "and lr, r11, r8, asr #31\n"
            "sub r8, r8, lr\n"
            "smmla r8, r8, r3, r10\n"
            "ldm r1!, {r2, r3, r10}\n"
            "and lr, r10, r5, asr #31\n"
            "sub r5, r5, lr\n"
            "smmla r5, r5, r2, r3\n"
            "and lr, r10, r7, asr #31\n"
            "sub r7, r7, lr\n"
            "smmla r7, r7, r2, r3\n"
            "and lr, r10, r9, asr #31\n"
            "sub r9, r9, lr\n"
            "smmla r9, r9, r2, r3\n"
            "ldr r2, [sp, #40]\n"
            "asrs r4, r2\n"
            "asrs r5, r2\n"
            "asrs r6, r2\n"
            "asrs r7, r2\n"
            "asr r8, r8, r2\n"
            "asr r9, r9, r2\n"
            "ssat r4, #8, r4\n"
            "ssat r5, #8, r5\n"
            "ssat r6, #8, r6\n"
            "ssat r7, #8, r7\n"
            "ssat r8, #8, r8\n"
            "ssat r9, #8, r9\n" EDGEGEN_DSP_STORE_3X2
            "25:\n" EDGEGEN_DSP_SUMS_3X2
            "ldm sp, {r2, r3, r10}\n"
            "ldr r11, [sp, #24]\n"
            "str r4, [r2], #4\n"
            "str r5, [r2], #4\n"
            "str r6, [r3], #4\n"
            "str r7, [r3], #4\n"
            "str r8, [r10], #4\n"
            "str r9, [r10], #4\n"
            "stm sp, {r2, r3, r10}\n"
            "cmp r2, r11\n"
            "bne.w 1b\n"
            "9:\n"
            "add sp, sp, #44\n"
            "pop {r4-r11, pc}\n"
            "8:\n" EDGEGEN_DSP_PLAN("68", "add r5, r4, r4, lsl #1\n"
                                          "lsls r5, r5, #3\n"
                                          "adds r5, r5, #12\n"));
}

#endif

#if EDGEGEN_DSP_TILE_IN_C

/* Finishes two units of one pixel; returns what follows their constants. */
EDGEGEN_INLINE const int32_t *edgegen_dsp_two_units(int32_t low, int32_t lanes, const int32_t *constants, uint8_t *out,
                                                    const edgegen_dsp_tile *t)
{
    const int32_t second = (int32_t)((uint32_t)lanes - (uint32_t)low);
    if (t->form == EDGEGEN_DSP_ACCUMULATOR || t->form == EDGEGEN_DSP_SCALED) {
        const int32_t size = t->form == EDGEGEN_DSP_SCALED ? 1 : 4, *const factors = constants + 2;
        edgegen_dsp_store(out, (int32_t)((uint32_t)low + (uint32_t)constants[0]), factors, t);
        edgegen_dsp_store(out + size, (int32_t)((uint32_t)(second >> 8) + (uint32_t)constants[1]), factors + 1, t);
        return t->form == EDGEGEN_DSP_SCALED ? factors + 2 : factors;
    }
    const int32_t each = t->form == EDGEGEN_DSP_RESULT_ANY ? 3 : 2;
    edgegen_dsp_store(out, (int32_t)(((uint32_t)low << 8) + (uint32_t)constants[0]), constants + 1, t);
    edgegen_dsp_store(out + 1, second, constants + 1 + each, t);
    return constants + 1 + 2 * each;
}

EDGEGEN_INLINE void edgegen_dsp_tile_3x2(const uint32_t *strip, const int32_t *stream, uint8_t *out,
                                         edgegen_dsp_tile *t)
{
#if EDGEGEN_DSP_ASM
    if (t->form != EDGEGEN_DSP_SCALED) {
        edgegen_dsp_tile_3x2_of_integers(strip, stream, out, t);
        return;
    }
#endif
    const int32_t size = t->form == EDGEGEN_DSP_ACCUMULATOR ? 4 : 1;
    for (int32_t done = 0; done < t->bytes; done += 2 * size) {
        const int32_t *w = stream + 1, *rest = w + 2 * t->quads;
        for (int32_t pixel = 0; pixel < 3; pixel++) {
            int32_t low = 0, lanes = stream[0];
            for (int32_t k = 0; k < 2 * t->quads; k++) {
                const uint32_t x = strip[3 + 3 * k + pixel];
                lanes = edgegen_dsp_dot(x, (uint32_t)w[k], lanes);
                low = edgegen_dsp_dot(x, edgegen_dsp_even((uint32_t)w[k]), low);
            }
            rest = edgegen_dsp_two_units(low, lanes, w + 2 * t->quads, out + pixel * t->step + done, t);
        }
        stream = rest;
    }
}

#endif

#endif
