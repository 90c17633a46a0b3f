/* The upper bit of every byte flipped: s8 from u8 of the same numbers plus 128, and back. */
#ifndef EDGEGEN_FLIP_SIGN_8_H
#define EDGEGEN_FLIP_SIGN_8_H

#include "edgegen.h"

typedef struct {
    int32_t count;
} edgegen_flip_sign;

/* y may be x. */
EDGEGEN_KERNEL void flip_sign_8(const edgegen_flip_sign *p, const void *x, void *y)
{
    const uint8_t *from = (const uint8_t *)x;
    uint8_t *to = (uint8_t *)y;
    int32_t i = 0;
    for (; i + 4 <= p->count; i += 4) {
        uint32_t four;
        memcpy(&four, from + i, 4);
        four ^= UINT32_C(0x80808080);
        memcpy(to + i, &four, 4);
    }
    for (; i < p->count; i++) {
        to[i] = (uint8_t)(from[i] ^ 0x80);
    }
}

#endif
