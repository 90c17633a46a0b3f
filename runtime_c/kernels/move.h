/* Moves of bytes between ranges that may overlap. */
#ifndef EDGEGEN_MOVE_H
#define EDGEGEN_MOVE_H

#include "edgegen.h"

/* memmove for `to` at or before `from`: short runs are moved without a call, which libraries make bytewise. */
EDGEGEN_INLINE void edgegen_move_down(uint8_t *to, const uint8_t *from, size_t bytes)
{
    uint8_t block[16];
    size_t i = 0;
    if (bytes > 256) {
        memmove(to, from, bytes);
        return;
    }
    for (; i + 16 <= bytes; i += 16) {
        memcpy(block, from + i, 16);
        memcpy(to + i, block, 16);
    }
    for (; i + 4 <= bytes; i += 4) {
        memcpy(block, from + i, 4);
        memcpy(to + i, block, 4);
    }
    for (; i < bytes; i++) {
        to[i] = from[i];
    }
}

/* memmove for `to` at or after `from`, from the end: libraries make it bytewise where the ranges overlap. */
EDGEGEN_INLINE void edgegen_move_up(uint8_t *to, const uint8_t *from, size_t bytes)
{
    uint8_t block[16];
    for (; bytes >= 16; bytes -= 16) {
        memcpy(block, from + bytes - 16, 16);
        memcpy(to + bytes - 16, block, 16);
    }
    for (; bytes >= 4; bytes -= 4) {
        memcpy(block, from + bytes - 4, 4);
        memcpy(to + bytes - 4, block, 4);
    }
    for (; bytes > 0; bytes--) {
        to[bytes - 1] = from[bytes - 1];
    }
}

/* memmove. */
EDGEGEN_INLINE void edgegen_move(uint8_t *to, const uint8_t *from, size_t bytes)
{
    const uintptr_t up = (uintptr_t)to - (uintptr_t)from, down = (uintptr_t)from - (uintptr_t)to;
    if (bytes > 64 && up >= bytes && down >= bytes) {
        memcpy(to, from, bytes);
    } else if (up >= bytes) {
        edgegen_move_down(to, from, bytes);
    } else {
        edgegen_move_up(to, from, bytes);
    }
}

/* memmove of at most 8 bytes, which are as many wherever it is inlined: in registers. */
EDGEGEN_INLINE void edgegen_move_whole(uint8_t *to, const uint8_t *from, size_t bytes)
{
    uint8_t block[8];
    memcpy(block, from, bytes);
    memcpy(to, block, bytes);
}

/* slices(index, move, size), which moves slices of p->bytes: elements of a known size in registers, others so that they
 * may lie on themselves if p->onto says that they do. */
#define EDGEGEN_SLICES(p, slices, index)                                                                               \
    switch ((p)->bytes) {                                                                                              \
    case 1: slices(index, edgegen_move_whole, 1) break;                                                                \
    case 2: slices(index, edgegen_move_whole, 2) break;                                                                \
    case 4: slices(index, edgegen_move_whole, 4) break;                                                                \
    case 8: slices(index, edgegen_move_whole, 8) break;                                                                \
    default:                                                                                                           \
        if ((p)->onto != 0) {                                                                                          \
            slices(index, edgegen_move, (size_t)(p)->bytes)                                                            \
        } else {                                                                                                       \
            slices(index, memcpy, (size_t)(p)->bytes)                                                                  \
        }                                                                                                              \
        break;                                                                                                         \
    }

#endif
