/* Register tiles of matrices times vectors on the DSP extension: one pixel x 4 units, one byte a weight. */
#ifndef EDGEGEN_SIMD_DSP_TILE_ROW_H
#define EDGEGEN_SIMD_DSP_TILE_ROW_H

#include "simd/dsp_tile_bytes.h"

/* shared: multiplier, constant and correction of all units, for EDGEGEN_DSP_SHARED; else any three words */
typedef struct {
    edgegen_dsp_tile tile;
    const int32_t *shared;
} edgegen_dsp_row_tile;

#if EDGEGEN_DSP_ASM

/* r0 x, r1 stream, r2 four bytes of x, r3 (then r2) two of them widened, r8-r11 weights, r12 their low bytes, lr blocks
 * of quads; sums of low bytes: r4, r6, of whole lanes: r5, r7. Stack: 0 output, 4 x, 8 entry into the unrolled quads,
 * 12 end of the outputs, 16 blocks after the first, 20 epilogue, 24 shift, 28 shared constants. */
#define EDGEGEN_DSP_LANES_1X4(x, w0, w1)                                                                               \
    "sxtb16 r12, " w0 "\n"                                                                                             \
    "smlad r5, " x ", " w0 ", r5\n"                                                                                    \
    "smlad r4, " x ", r12, r4\n"                                                                                       \
    "sxtb16 r12, " w1 "\n"                                                                                             \
    "smlad r7, " x ", " w1 ", r7\n"                                                                                    \
    "smlad r6, " x ", r12, r6\n"

#define EDGEGEN_DSP_QUAD_1X4                                                                                           \
    "ldr r2, [r0], #4\n"                                                                                               \
    "ldm r1!, {r8-r11}\n"                                                                                              \
    "sxtb16 r3, r2\n"                                                                                                  \
    "sxtb16 r2, r2, ror #8\n" EDGEGEN_DSP_LANES_1X4("r3", "r8", "r9") EDGEGEN_DSP_LANES_1X4("r2", "r10", "r11")

#define EDGEGEN_DSP_RESULTS_1X4(low, lanes)                                                                            \
    "ldm r1!, {r2, r8-r12, lr}\n"                                                                                      \
    "subs " lanes ", " lanes ", " low "\n"                                                                             \
    "add " low ", r2, " low ", lsl #8\n"                                                                               \
    "and r2, r10, " low ", asr #31\n"                                                                                  \
    "subs " low ", " low ", r2\n"                                                                                      \
    "and r2, lr, " lanes ", asr #31\n"                                                                                 \
    "subs " lanes ", " lanes ", r2\n"                                                                                  \
    "smmla " low ", " low ", r8, r9\n"                                                                                 \
    "smmla " lanes ", " lanes ", r11, r12\n"                                                                           \
    "asrs " low ", r3\n"                                                                                               \
    "asrs " lanes ", r3\n"                                                                                             \
    "ssat " low ", #8, " low "\n"                                                                                      \
    "ssat " lanes ", #8, " lanes "\n"

#define EDGEGEN_DSP_SHARED_START                                                                                       \
    "ldm r1!, {r8, r9}\n"                                                                                              \
    "add r12, sp, #28\n"                                                                                               \
    "ldm r12, {r10-r12}\n"                                                                                             \
    "subs r5, r5, r4\n"                                                                                                \
    "subs r7, r7, r6\n"                                                                                                \
    "add r4, r8, r4, lsl #8\n"                                                                                         \
    "add r6, r9, r6, lsl #8\n"

#define EDGEGEN_DSP_SHARED_END(acc)                                                                                    \
    "smmla " acc ", " acc ", r10, r11\n"                                                                               \
    "asrs " acc ", r3\n"                                                                                               \
    "ssat " acc ", #8, " acc "\n"

#define EDGEGEN_DSP_SHARED_RESULT(acc)                                                                                 \
    "and r2, r12, " acc ", asr #31\n"                                                                                  \
    "subs " acc ", " acc ", r2\n" EDGEGEN_DSP_SHARED_END(acc)

/* Accumulators r4-r7 of lanes and the biases r8-r11. */
#define EDGEGEN_DSP_SUMS_1X4                                                                                           \
    "subs r5, r5, r4\n"                                                                                                \
    "subs r7, r7, r6\n"                                                                                                \
    "add r4, r4, r8\n"                                                                                                 \
    "add r5, r9, r5, asr #8\n"                                                                                         \
    "add r6, r6, r10\n"                                                                                                \
    "add r7, r11, r7, asr #8\n"

#define EDGEGEN_DSP_SCALED_1X4                                                                                         \
    "ldm r1!, {r8, r9}\n"                                                                                              \
    "vldm r1!, {s4-s5}\n"                                                                                              \
    "ldm r1!, {r10, r11}\n"                                                                                            \
    "vldm r1!, {s6-s7}\n" EDGEGEN_DSP_SUMS_1X4                                                                         \
    "vmov s0, s1, r4, r5\n"                                                                                            \
    "vmov s2, s3, r6, r7\n" EDGEGEN_DSP_TO_STEPS("s0", "s4") EDGEGEN_DSP_TO_STEPS("s1", "s5")                          \
    EDGEGEN_DSP_TO_STEPS("s2", "s6") EDGEGEN_DSP_TO_STEPS("s3", "s7")                                                  \
    "vmov r4, r5, s0, s1\n"                                                                                            \
    "vmov r6, r7, s2, s3\n"                                                                                            \
    "mov r2, r3\n" EDGEGEN_DSP_ADD_ZERO("r4") EDGEGEN_DSP_ADD_ZERO("r5") EDGEGEN_DSP_ADD_ZERO("r6")                    \
    EDGEGEN_DSP_ADD_ZERO("r7") "b.w 30b\n"

/* One pixel of bytes, every unit; not EDGEGEN_DSP_RESULT_<n>.
 *
 * stream: per four units: offsets of units 1 and 3; per quad lanes even (0, 1), even (2, 3), odd (0, 1), odd (2, 3);
 *         then for units (0, 1) and (2, 3) what edgegen_dsp_tile_3x2 has at the end or, for EDGEGEN_DSP_SHARED, offsets
 *         of units 0 and 2 */
EDGEGEN_DSP_NAKED void EDGEGEN_DSP_TILE(edgegen_dsp_tile_1x4)(const int8_t *x EDGEGEN_UNUSED,
                                                              const int32_t *stream EDGEGEN_UNUSED,
                                                              uint8_t *out EDGEGEN_UNUSED,
                                                              const edgegen_dsp_row_tile *t EDGEGEN_UNUSED)
{
    __asm__("push {r4-r11, lr}\n"
            "sub sp, sp, #44\n"
            "ldr r8, [r3, #16]\n"
            "ldrd r5, r4, [r3, #24]\n"
            "ldr r7, [r3, #32]\n"
            "adds r5, r2, r5\n"
            "str r2, [sp]\n"
            "str r0, [sp, #4]\n"
            "str r5, [sp, #12]\n"
            "str r8, [sp, #24]\n"
            "adr.w r8, 90f\n"
            "ldr r6, [r3, #36]\n"
            "ldm r6, {r9, r10, r11}\n"
            "strd r9, r10, [sp, #28]\n"
            "str r11, [sp, #36]\n"
            "subs r7, r7, #3\n"
            "cmp r7, #4\n"
            "it eq\n"
            "cmpeq r11, #0\n"
            "it eq\n"
            "moveq r7, #5\n" /* shared, without a correction */
            "ldr r6, [r8, r7, lsl #2]\n"
            "add r6, r6, r8\n"
            "str r6, [sp, #20]\n"
            "subs r4, r4, #1\n"
            "lsrs r9, r4, #" EDGEGEN_DSP_ROW_UNROLL_LOG2 "\n"
            "str r9, [sp, #16]\n"
            "and r4, r4, #" EDGEGEN_DSP_ROW_UNROLL_MASK "\n" /* the first block may be less: skip some of it */
            "rsb r4, r4, #" EDGEGEN_DSP_ROW_UNROLL_MASK "\n"
            "ldr r6, [r8]\n"
            "add r6, r6, r8\n"
            "add r4, r6, r4, lsl #6\n"
            "str r4, [sp, #8]\n"
            "1:\n"
            "ldr r0, [sp, #4]\n"
            "ldr lr, [sp, #16]\n"
            "movs r4, #0\n"
            "movs r6, #0\n"
            "ldm.w r1!, {r5, r7}\n"
            "ldr pc, [sp, #8]\n"
            ".balign 4\n"
            "90: .word 10f - 90b + 1, 20f - 90b + 1, 21f - 90b + 1, 22f - 90b + 1, 23f - 90b + 1\n"
            ".word 24f - 90b + 1\n"
            "10:\n"
            ".rept " EDGEGEN_DSP_ROW_UNROLL "\n" EDGEGEN_DSP_QUAD_1X4 ".endr\n"
            "subs lr, lr, #1\n"
            "bpl.w 10b\n"
            "ldr r3, [sp, #24]\n"
            "ldr pc, [sp, #20]\n"
            "20:\n" EDGEGEN_DSP_RESULTS_1X4("r4", "r5") EDGEGEN_DSP_RESULTS_1X4("r6", "r7")
            "30:\n"
            "ldr r2, [sp]\n"
            "ldr r3, [sp, #12]\n"
            "strb r4, [r2], #1\n"
            "strb r5, [r2], #1\n"
            "strb r6, [r2], #1\n"
            "strb r7, [r2], #1\n"
            "str r2, [sp]\n"
            "cmp r2, r3\n"
            "bne.w 1b\n"
            "b.w 9f\n"
            "21:\n"
            "ldm r1!, {r8-r11}\n" EDGEGEN_DSP_SUMS_1X4
            "ldr r2, [sp]\n"
            "ldr r3, [sp, #12]\n"
            "stm r2!, {r4-r7}\n"
            "str r2, [sp]\n"
            "cmp r2, r3\n"
            "bne.w 1b\n"
            "b.w 9f\n"
            "22:\n" EDGEGEN_DSP_FLOAT_CODE(EDGEGEN_DSP_SCALED_1X4));
    __asm__("23:\n" EDGEGEN_DSP_SHARED_START EDGEGEN_DSP_SHARED_RESULT("r4") EDGEGEN_DSP_SHARED_RESULT("r5")
            EDGEGEN_DSP_SHARED_RESULT("r6") EDGEGEN_DSP_SHARED_RESULT("r7")
            "b.w 30b\n"
            "24:\n" EDGEGEN_DSP_SHARED_START EDGEGEN_DSP_SHARED_END("r4") EDGEGEN_DSP_SHARED_END("r5")
            EDGEGEN_DSP_SHARED_END("r6") EDGEGEN_DSP_SHARED_END("r7")
            "b.w 30b\n"
            "9:\n"
            "add sp, sp, #44\n"
            "pop {r4-r11, pc}\n");
}

#endif

#if EDGEGEN_DSP_TILE_IN_C

EDGEGEN_INLINE void edgegen_dsp_tile_1x4(const int8_t *x, const int32_t *stream, uint8_t *out,
                                         const edgegen_dsp_row_tile *t)
{
#if EDGEGEN_DSP_ASM
    if (t->tile.form != EDGEGEN_DSP_SCALED) {
        edgegen_dsp_tile_1x4_of_integers(x, stream, out, t);
        return;
    }
#endif
    const edgegen_dsp_tile *const tile = &t->tile;
    const int32_t size = tile->form == EDGEGEN_DSP_ACCUMULATOR ? 4 : 1;
    for (int32_t done = 0; done < tile->bytes; done += 4 * size) {
        const int32_t *w = stream + 2, *rest = w + 4 * tile->quads;
        for (int32_t couple = 0; couple < 2; couple++) {
            int32_t low = 0, lanes = stream[couple];
            for (int32_t k = 0; k < 2 * tile->quads; k++) {
                const uint32_t bytes = edgegen_dsp_load(x + k / 2 * 4);
                const uint32_t pair = k % 2 != 0 ? edgegen_dsp_odd(bytes) : edgegen_dsp_even(bytes);
                const uint32_t lane = (uint32_t)w[2 * k + couple];
                lanes = edgegen_dsp_dot(pair, lane, lanes);
                low = edgegen_dsp_dot(pair, edgegen_dsp_even(lane), low);
            }
            if (tile->form == EDGEGEN_DSP_SHARED) {
                const int32_t acc[2] = {(int32_t)(((uint32_t)low << 8) + (uint32_t)*rest++),
                                        (int32_t)((uint32_t)lanes - (uint32_t)low)};
                for (int32_t i = 0; i < 2; i++) {
                    const int8_t y = edgegen_dsp_result(acc[i], t->shared[0], t->shared[1], t->shared[2], tile->shift);
                    memcpy(out + done + 2 * couple + i, &y, 1);
                }
            } else {
                rest = edgegen_dsp_two_units(low, lanes, rest, out + done + 2 * couple * size, tile);
            }
        }
        stream = rest;
    }
}

#endif

#endif
