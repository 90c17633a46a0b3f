/* Register tiles of matrix products on the DSP extension, weights widened to s16: 2 pixels x 2 units. */
#ifndef EDGEGEN_SIMD_DSP_TILE_H
#define EDGEGEN_SIMD_DSP_TILE_H

#include "simd/dsp.h"

/* What the tiles of one layer have in common. A quad is four taps; a row's taps are padded to whole quads.
 *
 * plan:  places in the code that follow from quads and form, found by the first call; 0 before it
 * shift: of results; of EDGEGEN_DSP_SCALED the zero point; step: bytes from one pixel's outputs to the next one's
 * bytes: written for one pixel: its units, rounded up to the tile's, or four times that for accumulators
 * quads: of one pixel; form: EDGEGEN_DSP_RESULT_9 ... EDGEGEN_DSP_ACCUMULATOR */
typedef struct {
    uint32_t plan[4];
    int32_t shift, step, bytes, quads, form;
} edgegen_dsp_tile;

/* One result of a tile of accumulators: requantized, or stored as it is. */
EDGEGEN_INLINE void edgegen_dsp_store(uint8_t *out, int32_t acc, const int32_t *constants, const edgegen_dsp_tile *t)
{
    if (t->form == EDGEGEN_DSP_ACCUMULATOR) {
        memcpy(out, &acc, sizeof acc);
    } else if (t->form == EDGEGEN_DSP_SCALED) {
        *out = (uint8_t)edgegen_clamp_s32(edgegen_dsp_scaled(acc, constants[0], t->shift), -128, 127);
    } else {
        const int32_t correction = t->form == EDGEGEN_DSP_RESULT_ANY ? constants[2] : 0;
        const int8_t result = edgegen_dsp_result(acc, constants[0], constants[1], correction, t->shift);
        memcpy(out, &result, 1);
    }
}

/* The name of a tile in assembly; on cores without floats it leaves EDGEGEN_DSP_SCALED to the form in C. */
#if EDGEGEN_DSP_FLOATS
#define EDGEGEN_DSP_TILE(name) name
#else
#define EDGEGEN_DSP_TILE(name) name##_of_integers
#endif
#define EDGEGEN_DSP_TILE_IN_C (!EDGEGEN_DSP_ASM || !EDGEGEN_DSP_FLOATS)

#if EDGEGEN_DSP_ASM

/* Numbers in registers `s` become whole steps, by the factor in `f`. */
#if EDGEGEN_DSP_FLOATS
#define EDGEGEN_DSP_TO_STEPS(s, f)                                                                                     \
    "vcvt.f32.s32 " s ", " s "\n"                                                                                      \
    "vmul.f32 " s ", " s ", " f "\n"                                                                                   \
    "vcvtr.s32.f32 " s ", " s "\n"
#define EDGEGEN_DSP_FLOAT_CODE(code) code
#else
#define EDGEGEN_DSP_FLOAT_CODE(code) ""
#endif

/* Steps and the zero point in r2 make a result. */
#define EDGEGEN_DSP_ADD_ZERO(acc)                                                                                      \
    "qadd " acc ", " acc ", r2\n"                                                                                      \
    "ssat " acc ", #8, " acc "\n"

/* r0 strip, r1 stream, r2, r3, r12, lr weights, r4-r7 accumulators (pixel 0: r4, r5; pixel 1: r6, r7), r8-r11 pixels.
 * Stack: 0 outputs, 8 strip, 12 entry into the unrolled quads, 16 where they lead, 20 end of pixel 0's outputs,
 * 24 end of the strip, 28 epilogue, 32 shift. */
#define EDGEGEN_DSP_QUAD_2X2                                                                                           \
    "ldm r1!, {r2, r3, r12, lr}\n"                                                                                     \
    "ldm r0!, {r8-r11}\n"                                                                                              \
    "smlad r4, r8, r2, r4\n"                                                                                           \
    "smlad r6, r10, r2, r6\n"                                                                                          \
    "smlad r5, r8, r12, r5\n"                                                                                          \
    "smlad r7, r10, r12, r7\n"                                                                                         \
    "smlad r4, r9, r3, r4\n"                                                                                           \
    "smlad r6, r11, r3, r6\n"                                                                                          \
    "smlad r5, r9, lr, r5\n"                                                                                           \
    "smlad r7, r11, lr, r7\n"

#define EDGEGEN_DSP_STORE_2X2                                                                                          \
    "ldrd r2, r3, [sp]\n"                                                                                              \
    "ldr r8, [sp, #20]\n"                                                                                              \
    "strb r4, [r2], #1\n"                                                                                              \
    "strb r5, [r2], #1\n"                                                                                              \
    "strb r6, [r3], #1\n"                                                                                              \
    "strb r7, [r3], #1\n"                                                                                              \
    "strd r2, r3, [sp]\n"                                                                                              \
    "cmp r2, r8\n"                                                                                                     \
    "bne.w 1b\n"

#define EDGEGEN_DSP_RESULTS_2X2(shift)                                                                                 \
    "ldm r1!, {r8-r11}\n"                                                                                              \
    "smmla r4, r4, r8, r9\n"                                                                                           \
    "smmla r5, r5, r10, r11\n"                                                                                         \
    "smmla r6, r6, r8, r9\n"                                                                                           \
    "smmla r7, r7, r10, r11\n"                                                                                         \
    "ssat r4, #8, r4, asr #" shift "\n"                                                                                \
    "ssat r5, #8, r5, asr #" shift "\n"                                                                                \
    "ssat r6, #8, r6, asr #" shift "\n"                                                                                \
    "ssat r7, #8, r7, asr #" shift "\n" EDGEGEN_DSP_STORE_2X2 "b.w 9f\n"

#define EDGEGEN_DSP_SCALED_2X2                                                                                         \
    "vldm r1!, {s4-s5}\n"                                                                                              \
    "vmov s0, s1, r4, r5\n"                                                                                            \
    "vmov s2, s3, r6, r7\n" EDGEGEN_DSP_TO_STEPS("s0", "s4") EDGEGEN_DSP_TO_STEPS("s1", "s5")                          \
    EDGEGEN_DSP_TO_STEPS("s2", "s4") EDGEGEN_DSP_TO_STEPS("s3", "s5")                                                  \
    "vmov r4, r5, s0, s1\n"                                                                                            \
    "vmov r6, r7, s2, s3\n"                                                                                            \
    "ldr r2, [sp, #32]\n" EDGEGEN_DSP_ADD_ZERO("r4") EDGEGEN_DSP_ADD_ZERO("r5") EDGEGEN_DSP_ADD_ZERO("r6")             \
    EDGEGEN_DSP_ADD_ZERO("r7") EDGEGEN_DSP_STORE_2X2 "b.w 9f\n"

/* Fills in the plan of the tile at r3, from a table at 90: the epilogues of all forms, what follows a block if there
 * are more, and the block itself, which is EDGEGEN_DSP_UNROLL quads long. `size`: bytes of code for a quad; strip_bytes:
 * instructions that put bytes of the strip into r5, from quads in r4. */
#define EDGEGEN_DSP_PLAN(size, strip_bytes)                                                                            \
    "ldrd r4, r7, [r3, #28]\n"                                                                                         \
    "adr.w r8, 90b\n"                                                                                                  \
    "ldr r6, [r8, r7, lsl #2]\n"                                                                                       \
    "add r6, r6, r8\n"                                                                                                 \
    "str r6, [r3, #12]\n" strip_bytes                                                                                  \
    "str r5, [r3, #8]\n"                                                                                               \
    "subs r4, r4, #1\n"                                                                                                \
    "cmp r4, #" EDGEGEN_DSP_UNROLL "\n"                                                                                \
    "itt ge\n"                                                                                                         \
    "ldrge r6, [r8, #28]\n"                                                                                            \
    "addge r6, r6, r8\n"                                                                                               \
    "str r6, [r3, #4]\n"                                                                                               \
    "and r4, r4, #" EDGEGEN_DSP_UNROLL_MASK "\n" /* the first block may be less than a whole one: skip some of it */   \
    "rsb r4, r4, #" EDGEGEN_DSP_UNROLL_MASK "\n"                                                                       \
    "movs r5, #" size "\n"                                                                                             \
    "ldr r6, [r8, #32]\n"                                                                                              \
    "add r6, r6, r8\n"                                                                                                 \
    "mla r4, r4, r5, r6\n"                                                                                             \
    "str r4, [r3]\n"                                                                                                   \
    "b.w 7b\n"

/* Two pixels, every unit.
 *
 * strip:  per quad [pixel][even, odd]: words of taps (0, 2) and (1, 3)
 * stream: per two units: offset[2], per quad [unit][even, odd], then per unit multiplier, constant and, with
 *         EDGEGEN_DSP_RESULT_ANY, correction; none of these for accumulators, for EDGEGEN_DSP_SCALED a factor */
EDGEGEN_DSP_NAKED void EDGEGEN_DSP_TILE(edgegen_dsp_tile_2x2)(const uint32_t *strip EDGEGEN_UNUSED,
                                                              const int32_t *stream EDGEGEN_UNUSED,
                                                              uint8_t *out EDGEGEN_UNUSED,
                                                              edgegen_dsp_tile *t EDGEGEN_UNUSED)
{
    __asm__("push {r4-r11, lr}\n"
            "sub sp, sp, #36\n"
            "7:\n"
            "ldm r3, {r4-r10}\n" /* entry, where blocks lead, bytes of the strip, epilogue; shift, step, bytes */
            "cmp r4, #0\n"
            "beq.w 8f\n"
            "add r11, r2, r9\n"
            "strd r2, r11, [sp]\n"
            "strd r0, r4, [sp, #8]\n"
            "add r10, r10, r2\n"
            "strd r5, r10, [sp, #16]\n"
            "adds r6, r6, r0\n"
            "strd r6, r7, [sp, #24]\n"
            "str r8, [sp, #32]\n"
            "1:\n"
            "ldr r0, [sp, #8]\n"
            "ldm r1!, {r4, r5}\n"
            "mov r6, r4\n"
            "mov r7, r5\n"
            "ldr pc, [sp, #12]\n"
            ".balign 4\n"
            "90: .word 20f - 90b + 1, 21f - 90b + 1, 22f - 90b + 1, 23f - 90b + 1, 24f - 90b + 1, 25f - 90b + 1\n"
            ".word 26f - 90b + 1\n"
            ".word 80f - 90b + 1, 10f - 90b + 1\n"
            "10:\n"
            ".rept " EDGEGEN_DSP_UNROLL "\n" EDGEGEN_DSP_QUAD_2X2 ".endr\n"
            "ldr pc, [sp, #16]\n"
            "80:\n"
            "ldr r2, [sp, #24]\n"
            "cmp r0, r2\n"
            "bne.w 10b\n"
            "ldr pc, [sp, #28]\n");
    __asm__("20:\n" EDGEGEN_DSP_RESULTS_2X2("9")
            "21:\n" EDGEGEN_DSP_RESULTS_2X2("11"));
    __asm__("26:\n" EDGEGEN_DSP_FLOAT_CODE(EDGEGEN_DSP_SCALED_2X2));
    __asm__("22:\n" EDGEGEN_DSP_RESULTS_2X2("13")
            "23:\n" EDGEGEN_DSP_RESULTS_2X2("15"));
    __asm__("24:\n"
            "ldm r1!, {r8-r12, lr}\n"
            "ldr r3, [sp, #32]\n"
            "and r2, r10, r4, asr #31\n"
            "subs r4, r4, r2\n"
            "smmla r4, r4, r8, r9\n"
            "and r2, r10, r6, asr #31\n"
            "subs r6, r6, r2\n"
            "smmla r6, r6, r8, r9\n"
            "and r2, lr, r5, asr #31\n"
            "subs r5, r5, r2\n"
            "smmla r5, r5, r11, r12\n"
            "and r2, lr, r7, asr #31\n"
            "subs r7, r7, r2\n"
            "smmla r7, r7, r11, r12\n"
            "asrs r4, r3\n"
            "asrs r5, r3\n"
            "asrs r6, r3\n"
            "asrs r7, r3\n"
            "ssat r4, #8, r4\n"
            "ssat r5, #8, r5\n"
            "ssat r6, #8, r6\n"
            "ssat r7, #8, r7\n" EDGEGEN_DSP_STORE_2X2 "b.w 9f\n"
            "25:\n"
            "ldrd r2, r3, [sp]\n"
            "ldr r8, [sp, #20]\n"
            "str r4, [r2], #4\n"
            "str r5, [r2], #4\n"
            "str r6, [r3], #4\n"
            "str r7, [r3], #4\n"
            "strd r2, r3, [sp]\n"
            "cmp r2, r8\n"
            "bne.w 1b\n"
            "9:\n"
            "add sp, sp, #36\n"
            "pop {r4-r11, pc}\n"
            "8:\n" EDGEGEN_DSP_PLAN("40", "lsls r5, r4, #4\n"));
}

#endif

#if EDGEGEN_DSP_TILE_IN_C

EDGEGEN_INLINE void edgegen_dsp_tile_2x2(const uint32_t *strip, const int32_t *stream, uint8_t *out,
                                         edgegen_dsp_tile *t)
{
#if EDGEGEN_DSP_ASM
    if (t->form != EDGEGEN_DSP_SCALED) {
        edgegen_dsp_tile_2x2_of_integers(strip, stream, out, t);
        return;
    }
#endif
    const int32_t size = t->form == EDGEGEN_DSP_ACCUMULATOR ? 4 : 1;
    const int32_t constants = t->form == EDGEGEN_DSP_ACCUMULATOR  ? 0
                              : t->form == EDGEGEN_DSP_SCALED     ? 1
                              : t->form == EDGEGEN_DSP_RESULT_ANY ? 3
                                                                  : 2;
    for (int32_t done = 0; done < t->bytes; done += 2 * size) {
        int32_t acc[2][2] = {{stream[0], stream[1]}, {stream[0], stream[1]}};
        const int32_t *w = stream + 2;
        for (int32_t q = 0; q < t->quads; q++) {
            for (int32_t i = 0; i < 8; i++) {
                const int32_t pixel = i / 4, unit = i / 2 % 2, half = i % 2;
                acc[pixel][unit] = edgegen_dsp_dot(strip[4 * q + 2 * pixel + half],
                                                   (uint32_t)w[4 * q + 2 * unit + half], acc[pixel][unit]);
            }
        }
        w += 4 * t->quads;
        for (int32_t i = 0; i < 4; i++) {
            const int32_t pixel = i / 2, unit = i % 2;
            edgegen_dsp_store(out + pixel * t->step + done + unit * size, acc[pixel][unit], w + unit * constants, t);
        }
        stream = w + 2 * constants;
    }
}

#endif

#endif
