/* The DSP extension of Armv7E-M (Cortex-M4, M7, M33): two 16-bit or four 8-bit lanes in a 32-bit register.
 *
 * Each instruction is one line of assembly, since C has no expression that compilers turn into all of them, with its
 * meaning in C beside it for other compilers and for running the kernels on a host. EDGEGEN_DSP_ASM says which is in
 * use; kernels guard whole functions in assembly with it. */
#ifndef EDGEGEN_SIMD_DSP_H
#define EDGEGEN_SIMD_DSP_H

#include "edgegen.h"

#if defined(__GNUC__) && defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
#define EDGEGEN_DSP_ASM 1
#else
#define EDGEGEN_DSP_ASM 0
#endif

/* Whether the core computes with f32 itself, so that assembly may. */
#if defined(__ARM_FP)
#define EDGEGEN_DSP_FLOATS ((__ARM_FP & 4) != 0)
#else
#define EDGEGEN_DSP_FLOATS 0
#endif

/* A function whose body is assembly: the compiler must neither inline it nor look at how its arguments are used. The
 * body may be several strings, which follow one another: C99 asks compilers for literals of no more than 4095. */
#if defined(__clang__)
#define EDGEGEN_DSP_NAKED static EDGEGEN_UNUSED __attribute__((naked, noinline))
#else
#define EDGEGEN_DSP_NAKED static EDGEGEN_UNUSED __attribute__((naked, noipa))
#endif

/* Quads of taps that tiles of several pixels, and of one, have unrolled: powers of two, with the bits below them and, of
 * the second, the logarithm. */
#if defined(EDGEGEN_OPTIMIZE_SIZE)
#define EDGEGEN_DSP_UNROLL "4"
#define EDGEGEN_DSP_UNROLL_MASK "3"
#define EDGEGEN_DSP_ROW_UNROLL "2"
#define EDGEGEN_DSP_ROW_UNROLL_MASK "1"
#define EDGEGEN_DSP_ROW_UNROLL_LOG2 "1"
#else
#define EDGEGEN_DSP_UNROLL "16"
#define EDGEGEN_DSP_UNROLL_MASK "15"
#define EDGEGEN_DSP_ROW_UNROLL "8"
#define EDGEGEN_DSP_ROW_UNROLL_MASK "7"
#define EDGEGEN_DSP_ROW_UNROLL_LOG2 "3"
#endif

EDGEGEN_INLINE uint32_t edgegen_dsp_load(const void *p)
{
    uint32_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

EDGEGEN_INLINE int32_t edgegen_dsp_low(uint32_t pair) { return (int16_t)(pair & 0xffffu); }
EDGEGEN_INLINE int32_t edgegen_dsp_high(uint32_t pair) { return (int16_t)(pair >> 16); }

EDGEGEN_INLINE uint32_t edgegen_dsp_pair(int32_t low, int32_t high)
{
    return ((uint32_t)low & 0xffffu) | ((uint32_t)high << 16);
}

#if EDGEGEN_DSP_ASM

/* Bytes 0 and 2 of four s8, as two s16. */
EDGEGEN_INLINE uint32_t edgegen_dsp_even(uint32_t bytes)
{
    uint32_t pair;
    __asm__("sxtb16 %0, %1" : "=r"(pair) : "r"(bytes));
    return pair;
}

/* Bytes 1 and 3 of four s8, as two s16. */
EDGEGEN_INLINE uint32_t edgegen_dsp_odd(uint32_t bytes)
{
    uint32_t pair;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(bytes));
    return pair;
}

/* edgegen_dsp_even(bytes) plus the two s16 of `addend`. */
EDGEGEN_INLINE uint32_t edgegen_dsp_even_plus(uint32_t addend, uint32_t bytes)
{
    uint32_t pair;
    __asm__("sxtab16 %0, %1, %2" : "=r"(pair) : "r"(addend), "r"(bytes));
    return pair;
}

EDGEGEN_INLINE uint32_t edgegen_dsp_odd_plus(uint32_t addend, uint32_t bytes)
{
    uint32_t pair;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(pair) : "r"(addend), "r"(bytes));
    return pair;
}

/* acc + a.low * b.low + a.high * b.high */
EDGEGEN_INLINE int32_t edgegen_dsp_dot(uint32_t a, uint32_t b, int32_t acc)
{
    int32_t sum;
    __asm__("smlad %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(acc));
    return sum;
}

/* acc + a.low * b.low */
EDGEGEN_INLINE int32_t edgegen_dsp_low_product(uint32_t a, uint32_t b, int32_t acc)
{
    int32_t sum;
    __asm__("smlabb %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(acc));
    return sum;
}

/* acc + a.high * b.high */
EDGEGEN_INLINE int32_t edgegen_dsp_high_product(uint32_t a, uint32_t b, int32_t acc)
{
    int32_t sum;
    __asm__("smlatt %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(acc));
    return sum;
}

/* addend + the upper 32 bits of a * b */
EDGEGEN_INLINE int32_t edgegen_dsp_high_multiply(int32_t a, int32_t b, int32_t addend)
{
    int32_t sum;
    __asm__("smmla %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(addend));
    return sum;
}

#else

EDGEGEN_INLINE uint32_t edgegen_dsp_even_plus(uint32_t addend, uint32_t bytes)
{
    return edgegen_dsp_pair(edgegen_dsp_low(addend) + (int8_t)(bytes & 0xffu),
                            edgegen_dsp_high(addend) + (int8_t)(bytes >> 16 & 0xffu));
}

EDGEGEN_INLINE uint32_t edgegen_dsp_odd_plus(uint32_t addend, uint32_t bytes)
{
    return edgegen_dsp_even_plus(addend, bytes >> 8);
}

EDGEGEN_INLINE uint32_t edgegen_dsp_even(uint32_t bytes) { return edgegen_dsp_even_plus(0, bytes); }
EDGEGEN_INLINE uint32_t edgegen_dsp_odd(uint32_t bytes) { return edgegen_dsp_odd_plus(0, bytes); }

EDGEGEN_INLINE int32_t edgegen_dsp_low_product(uint32_t a, uint32_t b, int32_t acc)
{
    return (int32_t)((uint32_t)acc + (uint32_t)(edgegen_dsp_low(a) * edgegen_dsp_low(b)));
}

EDGEGEN_INLINE int32_t edgegen_dsp_high_product(uint32_t a, uint32_t b, int32_t acc)
{
    return (int32_t)((uint32_t)acc + (uint32_t)(edgegen_dsp_high(a) * edgegen_dsp_high(b)));
}

EDGEGEN_INLINE int32_t edgegen_dsp_dot(uint32_t a, uint32_t b, int32_t acc)
{
    return edgegen_dsp_high_product(a, b, edgegen_dsp_low_product(a, b, acc));
}

EDGEGEN_INLINE int32_t edgegen_dsp_high_multiply(int32_t a, int32_t b, int32_t addend)
{
    return (int32_t)((uint32_t)addend + (uint32_t)((int64_t)a * b >> 32));
}

#endif

/* Of each of four s8 in a and b: a if it is at least b, else b, or the other way round. */
EDGEGEN_INLINE uint32_t edgegen_dsp_larger(uint32_t a, uint32_t b)
{
#if EDGEGEN_DSP_ASM
    uint32_t most;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(most) : "r"(a), "r"(b) : "cc");
    return most;
#else
    uint32_t most = 0;
    for (int32_t i = 0; i < 32; i += 8) {
        const int32_t left = (int8_t)(a >> i & 0xffu), right = (int8_t)(b >> i & 0xffu);
        most |= ((uint32_t)(left >= right ? left : right) & 0xffu) << i;
    }
    return most;
#endif
}

EDGEGEN_INLINE uint32_t edgegen_dsp_smaller(uint32_t a, uint32_t b)
{
#if EDGEGEN_DSP_ASM
    uint32_t least;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %2, %1" : "=&r"(least) : "r"(a), "r"(b) : "cc");
    return least;
#else
    return a ^ b ^ edgegen_dsp_larger(a, b);
#endif
}

/* How a row's accumulators become results; the values are known to codegen/ops/dsp_tiles.py.
 *
 * RESULT_<n>:  saturate((acc * multiplier >> 32) + constant) >> n), one assembly path for each of these shifts
 * RESULT_ANY:  the same with any shift, and a correction subtracted from negative accumulators
 * ACCUMULATOR: the s32 accumulator itself, for edgegen_dsp_finish or as it is
 * SCALED:      round(acc * factor) + zero point as f32, ties to even; only in tiles
 * SHARED:      RESULT_ANY with the same constants for all units, only in edgegen_dsp_tile_1x4 */
enum { EDGEGEN_DSP_RESULT_9, EDGEGEN_DSP_RESULT_11, EDGEGEN_DSP_RESULT_13, EDGEGEN_DSP_RESULT_15,
       EDGEGEN_DSP_RESULT_ANY, EDGEGEN_DSP_ACCUMULATOR, EDGEGEN_DSP_SCALED, EDGEGEN_DSP_SHARED };

/* The result of a scaled accumulator; see codegen/ops/requantize_dsp.py for the constants. */
EDGEGEN_INLINE int8_t edgegen_dsp_result(int32_t acc, int32_t multiplier, int32_t constant, int32_t correction,
                                         int32_t shift)
{
    acc = acc < 0 ? (int32_t)((uint32_t)acc - (uint32_t)correction) : acc;
    return (int8_t)edgegen_clamp_s32(edgegen_dsp_high_multiply(acc, multiplier, constant) >> shift, -128, 127);
}

/* x rounded to a whole number, ties to even, limited to what s16 holds. */
EDGEGEN_INLINE int32_t edgegen_dsp_round(float x)
{
#if EDGEGEN_DSP_ASM && EDGEGEN_DSP_FLOATS
    int32_t whole;
    __asm__("vcvtr.s32.f32 %0, %1" : "=t"(whole) : "t"(x));
    return edgegen_clamp_s32(whole, -32768, 32767);
#else
    return edgegen_clamp_s32(edgegen_round_to_even(x), -32768, 32767);
#endif
}

/* The result of an accumulator by the f32 factor of these bits. */
EDGEGEN_INLINE int32_t edgegen_dsp_scaled(int32_t acc, int32_t bits, int32_t zero_point)
{
    float factor;
    memcpy(&factor, &bits, sizeof factor);
    return edgegen_dsp_round((float)acc * factor) + zero_point;
}

/* Requantizes a pixel's accumulators where no cheap constants were proved; multipliers[units][2]: multiplier, shift,
 * as `scheme` needs them, see edgegen_requantize_by. */
EDGEGEN_INLINE void edgegen_dsp_finish(const int32_t *acc, const int32_t *multipliers, int32_t units, int32_t scheme,
                                       int32_t zero_point, int32_t low, int32_t high, int8_t *y)
{
    for (int32_t o = 0; o < units; o++) {
        const int32_t *const factor = multipliers + 2 * o;
        const int32_t result = scheme == EDGEGEN_ROUND_SCALED
                                   ? edgegen_dsp_scaled(acc[o], factor[0], zero_point)
                                   : edgegen_requantize_by(scheme, acc[o], factor[0], factor[1]) + zero_point;
        y[o] = (int8_t)edgegen_clamp_s32(result, low, high);
    }
}

/* Clamps results of tiles, which fill all of s8, where the output's clamp is narrower. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_dsp_clamp(int8_t *y, int32_t count, int32_t low, int32_t high)
{
    const uint32_t four = UINT32_C(0x01010101), least = four * (uint8_t)low, most = four * (uint8_t)high;
    for (; count >= 4; count -= 4) {
        const uint32_t results = edgegen_dsp_smaller(edgegen_dsp_larger(edgegen_dsp_load(y), least), most);
        memcpy(y, &results, sizeof results);
        y += 4;
    }
    for (; count > 0; count--, y++) {
        *y = (int8_t)edgegen_clamp_s32(*y, low, high);
    }
}

/* First tap inside the image and how many there are, for a window that starts at `start`. */
EDGEGEN_INLINE int32_t edgegen_dsp_taps_inside(int32_t start, int32_t dilation, int32_t taps, int32_t size,
                                               int32_t *first)
{
    int32_t last = taps;
    *first = 0;
    if (start < 0) {
        *first = edgegen_min_s32((dilation - 1 - start) / dilation, taps);
    }
    if (start + (taps - 1) * dilation >= size) {
        last = start < size ? (size - 1 - start) / dilation + 1 : 0;
    }
    return edgegen_max_s32(last - *first, 0);
}

#endif
