/* Square roots of u64, rounded to nearest, portable. */
#ifndef EDGEGEN_INTEGER_ROOT_H
#define EDGEGEN_INTEGER_ROOT_H

#include "kernels/leading_zeros.h"

typedef struct {
    int32_t elements;
} edgegen_integer_root;

/* The largest number whose square is at most x. Roots of f32 are off by 2^-22 of themselves at most: below 2^32 that is
 * less than 1, and above, one correction by the remainder makes it so; the loops make it exact. */
EDGEGEN_INLINE uint32_t edgegen_root_down(uint64_t x)
{
    uint32_t root;
    if (x >> 32 == 0) {
        const float estimate = sqrtf((float)(uint32_t)x);
        root = estimate < 65535.0f ? (uint32_t)estimate : UINT32_C(65535);
    } else {
        const int32_t even = (33 - edgegen_leading_zeros((uint32_t)(x >> 32))) & ~1; /* x >> even has 31 or 32 bits */
        const float estimate = sqrtf((float)(uint32_t)(x >> even)) * (float)(UINT32_C(1) << (even / 2));
        root = estimate < 4294967040.0f ? (uint32_t)estimate : UINT32_C(4294967040);
        const int64_t rest = (int64_t)(x - (uint64_t)root * root); /* below 2^42 either way */
        const float correction = (float)(int32_t)(rest >> 12) * 2048.0f / (float)root;
        const int64_t corrected = (int64_t)root + (int32_t)correction;
        root = corrected > UINT32_MAX ? UINT32_MAX : (uint32_t)corrected;
    }
    while ((uint64_t)root * root > x) {
        root--;
    }
    uint64_t rest = x - (uint64_t)root * root;
    while (rest > 2 * (uint64_t)root) {
        rest -= 2 * (uint64_t)root + 1;
        root++;
    }
    return root;
}

EDGEGEN_INLINE uint32_t edgegen_root(uint64_t x)
{
    const uint32_t root = edgegen_root_down(x), limit = x >> 32 != 0 ? UINT32_MAX : UINT16_MAX;
    return x - (uint64_t)root * root > root && root != limit ? root + 1 : root;
}

EDGEGEN_KERNEL void integer_root_u64(const edgegen_integer_root *p, const uint64_t *x, const int32_t *bits, uint32_t *y)
{
    const uint32_t shift = (uint32_t)*bits & 31;
    edgegen_over_u32 *const root = (edgegen_over_u32 *)y;
    for (int32_t k = 0; k < p->elements; k++) {
        root[k] = edgegen_root(x[k]) >> shift;
    }
}

#endif
