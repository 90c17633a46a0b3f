/* Dense layer on s16 with s8 weights for the DSP extension: four units at a time, two products an instruction.
 *
 * A product is at most 2^22, so that sums of 508 fit into 32 bits; blocks of as many add up to the 64 of the whole. */
#ifndef EDGEGEN_DENSE_S16_DSP_H
#define EDGEGEN_DENSE_S16_DSP_H

#include "kernels/dense_s16.h"
#include "simd/dsp.h"

enum { EDGEGEN_DENSE_S16_BLOCK = 508, EDGEGEN_DENSE_S16_UNITS = 4 };

/* Sums of a unit each, and where the next weights are. */
typedef struct {
    const int8_t *w;
    int32_t a, b, c, d;
} edgegen_dense_s16_sums;

#if EDGEGEN_DSP_ASM

#define EDGEGEN_DENSE_S16_UNIT(sum)                                                                                    \
    "ldr %[odd], [%[w]], #4\n\tsxtb16 %[even], %[odd]\n\tsxtb16 %[odd], %[odd], ror #8\n\t"                            \
    "smlad %[" sum "], %[first], %[even], %[" sum "]\n\tsmlad %[" sum "], %[second], %[odd], %[" sum "]\n\t"

/* Adds the products of four x with the next four weights of each unit. In one piece, since compilers otherwise load all
 * weights first, for which there are too few registers. */
EDGEGEN_INLINE void edgegen_dense_s16_quad(const int16_t *x, edgegen_dense_s16_sums *sum)
{
    const uint32_t first = edgegen_dsp_load(x), second = edgegen_dsp_load(x + 2);
    uint32_t even, odd;
    __asm__(EDGEGEN_DENSE_S16_UNIT("a") EDGEGEN_DENSE_S16_UNIT("b") EDGEGEN_DENSE_S16_UNIT("c")
                EDGEGEN_DENSE_S16_UNIT("d")
            : [w] "+r"(sum->w), [a] "+r"(sum->a), [b] "+r"(sum->b), [c] "+r"(sum->c), [d] "+r"(sum->d),
              [even] "=&r"(even), [odd] "=&r"(odd)
            : [first] "r"(first), [second] "r"(second)
            : "memory");
}

#else

EDGEGEN_INLINE int32_t edgegen_dense_s16_dot(uint32_t first, uint32_t second, uint32_t four, int32_t sum)
{
    return edgegen_dsp_dot(second, edgegen_dsp_odd(four), edgegen_dsp_dot(first, edgegen_dsp_even(four), sum));
}

EDGEGEN_INLINE void edgegen_dense_s16_quad(const int16_t *x, edgegen_dense_s16_sums *sum)
{
    const uint32_t first = edgegen_dsp_load(x), second = edgegen_dsp_load(x + 2);
    sum->a = edgegen_dense_s16_dot(first, second, edgegen_dsp_load(sum->w), sum->a);
    sum->b = edgegen_dense_s16_dot(first, second, edgegen_dsp_load(sum->w + 4), sum->b);
    sum->c = edgegen_dense_s16_dot(first, second, edgegen_dsp_load(sum->w + 8), sum->c);
    sum->d = edgegen_dense_s16_dot(first, second, edgegen_dsp_load(sum->w + 12), sum->d);
    sum->w += 16;
}

#endif

/* As dense_s16. stream[units/4][depth/4][4][4]: of each unit four weights, in the order 0, 2, 1, 3, zeros at the ends;
 * bias and scale are of as many units. */
EDGEGEN_KERNEL void dense_s16_dsp(const edgegen_dense_s16 *p, const int16_t *x, const int8_t *stream,
                                  const int64_t *bias, const int32_t *scale, int16_t *y)
{
    const int32_t quads = (p->depth + 3) / 4;
    for (int32_t r = 0; r < p->rows; r++) {
        for (int32_t o = 0; o < p->units; o += EDGEGEN_DENSE_S16_UNITS) {
            const int32_t units = edgegen_min_s32(p->units - o, EDGEGEN_DENSE_S16_UNITS);
            const int16_t *in = x + r * p->depth;
            edgegen_dense_s16_sums sum = {stream + o * quads * 4, 0, 0, 0, 0};
            int64_t acc[EDGEGEN_DENSE_S16_UNITS];
            memcpy(acc, bias + o, sizeof acc);
            for (int32_t left = p->depth; left > 0; left -= EDGEGEN_DENSE_S16_BLOCK) {
                int32_t taps = edgegen_min_s32(left, EDGEGEN_DENSE_S16_BLOCK);
                sum.a = sum.b = sum.c = sum.d = 0;
                for (; taps >= 8; taps -= 8) {
                    edgegen_dense_s16_quad(in, &sum);
                    edgegen_dense_s16_quad(in + 4, &sum);
                    in += 8;
                }
                while (taps > 0) {
                    const int32_t count = edgegen_min_s32(taps, 4);
                    int16_t rest[4] = {0, 0, 0, 0};
                    memcpy(rest, in, 2U * (size_t)count);
                    edgegen_dense_s16_quad(rest, &sum);
                    in += count;
                    taps -= count;
                }
                acc[0] += sum.a;
                acc[1] += sum.b;
                acc[2] += sum.c;
                acc[3] += sum.d;
            }
            for (int32_t u = 0; u < units; u++) {
                y[r * p->units + o + u] = edgegen_finish_s16(&p->output, acc[u], scale + 2 * (o + u));
            }
        }
    }
}

#endif
