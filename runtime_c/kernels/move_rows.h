/* Rows that go elsewhere, perhaps over themselves. Any type. */
#ifndef EDGEGEN_MOVE_ROWS_H
#define EDGEGEN_MOVE_ROWS_H

#include "kernels/move.h"

typedef struct {
    int32_t first, bytes; /* of x; first: before those that are moved */
} edgegen_move_rows;

EDGEGEN_KERNEL void move_rows(const edgegen_move_rows *p, const void *x, void *y)
{
    edgegen_move((uint8_t *)y, (const uint8_t *)x + p->first, (size_t)p->bytes);
}

#endif
