/* Runs of numbers of 16 bits to floats and back: f16 by vectors where the core has instructions for it, and bf16. */
#ifndef EDGEGEN_HALVES_H
#define EDGEGEN_HALVES_H

#include "kernels/small_float.h"

#if defined(__GNUC__) && defined(__F16C__)
enum { EDGEGEN_HALVES_STEP = 8 };
typedef float edgegen_halves_floats __attribute__((vector_size(32)));
typedef uint16_t edgegen_halves_bits __attribute__((vector_size(16)));
#define EDGEGEN_HALVES_WIDEN(floats, bits) __asm__("vcvtph2ps %1, %0" : "=x"(floats) : "x"(bits))
#define EDGEGEN_HALVES_NARROW(bits, floats) __asm__("vcvtps2ph $0, %1, %0" : "=x"(bits) : "x"(floats))
#elif defined(__GNUC__) && defined(__aarch64__)
enum { EDGEGEN_HALVES_STEP = 4 };
typedef float edgegen_halves_floats __attribute__((vector_size(16)));
typedef uint16_t edgegen_halves_bits __attribute__((vector_size(8)));
#define EDGEGEN_HALVES_WIDEN(floats, bits) __asm__("fcvtl %0.4s, %1.4h" : "=w"(floats) : "w"(bits))
#define EDGEGEN_HALVES_NARROW(bits, floats) __asm__("fcvtn %0.4h, %1.4s" : "=w"(bits) : "w"(floats))
#elif defined(__GNUC__) && defined(__arm__) && defined(__ARM_FP) && defined(__ARM_FEATURE_FMA)
#define EDGEGEN_HALVES_PAIRS 1 /* two in a register */
#endif

EDGEGEN_INLINE void edgegen_read_halves(const uint16_t *from, int32_t count, float *to)
{
    int32_t i = 0;
#if defined(EDGEGEN_HALVES_WIDEN)
    for (; i + EDGEGEN_HALVES_STEP <= count; i += EDGEGEN_HALVES_STEP) {
        edgegen_halves_bits bits;
        edgegen_halves_floats floats;
        memcpy(&bits, from + i, sizeof bits);
        EDGEGEN_HALVES_WIDEN(floats, bits);
        memcpy(to + i, &floats, sizeof floats);
    }
#elif defined(EDGEGEN_HALVES_PAIRS)
    for (; i + 2 <= count; i += 2) {
        uint32_t word;
        float lower, upper;
        memcpy(&word, from + i, sizeof word);
        memcpy(&lower, &word, sizeof lower);
        __asm__("vcvtt.f32.f16 %1, %0\n"
                "vcvtb.f32.f16 %0, %0"
                : "+t"(lower), "=&t"(upper));
        to[i] = lower;
        to[i + 1] = upper;
    }
#endif
    for (; i < count; i++) {
        to[i] = edgegen_from_half(from[i]);
    }
}

EDGEGEN_INLINE void edgegen_write_halves(const float *from, int32_t count, uint16_t *to)
{
    int32_t i = 0;
#if defined(EDGEGEN_HALVES_NARROW)
    for (; i + EDGEGEN_HALVES_STEP <= count; i += EDGEGEN_HALVES_STEP) {
        edgegen_halves_bits bits;
        edgegen_halves_floats floats;
        memcpy(&floats, from + i, sizeof floats);
        EDGEGEN_HALVES_NARROW(bits, floats);
        memcpy(to + i, &bits, sizeof bits);
    }
#elif defined(EDGEGEN_HALVES_PAIRS)
    for (; i + 2 <= count; i += 2) {
        float both = from[i];
        __asm__("vcvtb.f16.f32 %0, %0\n"
                "vcvtt.f16.f32 %0, %1"
                : "+&t"(both)
                : "t"(from[i + 1]));
        memcpy(to + i, &both, sizeof both);
    }
#endif
    for (; i < count; i++) {
        to[i] = edgegen_to_half(from[i]);
    }
}

EDGEGEN_INLINE void edgegen_read_bfloats(const uint16_t *from, int32_t count, float *to)
{
    for (int32_t i = 0; i < count; i++) {
        to[i] = edgegen_load_bf16(from[i]);
    }
}

EDGEGEN_INLINE void edgegen_write_bfloats(const float *from, int32_t count, uint16_t *to)
{
    for (int32_t i = 0; i < count; i++) {
        to[i] = edgegen_store_bf16(from[i]);
    }
}

#endif
