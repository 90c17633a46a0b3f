/* Square roots of u64, rounded to nearest, portable. */
#ifndef EDGEGEN_INTEGER_ROOT_H
#define EDGEGEN_INTEGER_ROOT_H

#include "edgegen.h"

typedef struct {
    int32_t elements;
} edgegen_integer_root;

/* An f32 root is off by at most 2^-22 of itself, one correction by the remainder brings it within 1, and the loops make
 * it exact: the largest number whose square is not above x. */
EDGEGEN_INLINE uint32_t edgegen_root_down(uint64_t x)
{
    const float estimate = sqrtf((float)x);
    uint64_t root = estimate < 4294967040.0f ? (uint64_t)estimate : 4294967040u;
    if (x >> 32 != 0) {
        const uint64_t square = root * root;
        if (square > x) {
            root -= (uint64_t)((float)(square - x) / (2.0f * estimate)) + 1;
        } else {
            root += (uint64_t)((float)(x - square) / (2.0f * estimate));
        }
        root = root > UINT32_MAX ? UINT32_MAX : root;
    }
    while (root * root > x) {
        root--;
    }
    uint64_t rest = x - root * root;
    while (rest > 2 * root) {
        rest -= 2 * root + 1;
        root++;
    }
    return (uint32_t)root;
}

EDGEGEN_INLINE uint32_t edgegen_root(uint64_t x)
{
    const uint32_t root = edgegen_root_down(x), limit = x >> 32 != 0 ? UINT32_MAX : UINT16_MAX;
    return x - (uint64_t)root * root > root && root != limit ? root + 1 : root;
}

EDGEGEN_KERNEL void integer_root_u64(const edgegen_integer_root *p, const uint64_t *x, const int32_t *bits, uint32_t *y)
{
    const uint32_t shift = (uint32_t)*bits & 31;
    for (int32_t k = 0; k < p->elements; k++) {
        y[k] = edgegen_root(x[k]) >> shift;
    }
}

#endif
