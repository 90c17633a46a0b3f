/* Concatenation of one to eight tensors, any type. */
#ifndef EDGEGEN_CONCAT_H
#define EDGEGEN_CONCAT_H

#include "kernels/move.h"

/* y is `outer` times a run of bytes from each input in turn. Where y lies over an input, `rows` runs of an input are
 * moved before the next input's. backward: from the end of y to its start */
typedef struct {
    int32_t outer, rows, run[8], backward;
} edgegen_concat;

#define EDGEGEN_CONCAT_EACH(move)                                                                                      \
    for (int32_t k = 0; k < count; k++) {                                                                              \
        move;                                                                                                          \
        from += further;                                                                                               \
        to += step;                                                                                                    \
    }

EDGEGEN_INLINE void edgegen_move_1(uint8_t *to, const uint8_t *from)
{
    *to = *from;
}

/* Elements that registers hold are read before they are written. */
EDGEGEN_INLINE void edgegen_move_2(uint8_t *to, const uint8_t *from)
{
    uint16_t element;
    memcpy(&element, from, 2);
    memcpy(to, &element, 2);
}

EDGEGEN_INLINE void edgegen_move_4(uint8_t *to, const uint8_t *from)
{
    uint32_t element;
    memcpy(&element, from, 4);
    memcpy(to, &element, 4);
}

EDGEGEN_INLINE void edgegen_concat_runs(const edgegen_concat *p, int inputs, const void *const *x, void *y)
{
    const int32_t backward = p->backward;
    ptrdiff_t row = 0;
    int apart = 1;
    for (int i = 0; i < inputs; i++) {
        row += p->run[i];
    }
    for (int i = 0; i < inputs; i++) {
        const uintptr_t up = (uintptr_t)y - (uintptr_t)x[i], down = (uintptr_t)x[i] - (uintptr_t)y;
        apart = apart && up >= (uintptr_t)(p->outer * (ptrdiff_t)p->run[i]) && down >= (uintptr_t)(p->outer * row);
    }
    const ptrdiff_t step = backward != 0 ? -row : row;
    const int32_t rows = apart ? p->outer : p->rows;
    for (int32_t o = 0; o < p->outer; o += rows) {
        const int32_t count = rows < p->outer - o ? rows : p->outer - o;
        const int32_t first = backward != 0 ? p->outer - 1 - o : o;
        uint8_t *start = (uint8_t *)y + first * row + (backward != 0 ? row : 0);
        EDGEGEN_EACH(i, inputs, backward) {
            const ptrdiff_t run = p->run[i], further = backward != 0 ? -run : run;
            const uint8_t *from = (const uint8_t *)x[i] + first * run;
            uint8_t *to = backward != 0 ? start - run : start;
            start += further;
            if (run == 1) {
                EDGEGEN_CONCAT_EACH(edgegen_move_1(to, from))
            } else if (run == 2) {
                EDGEGEN_CONCAT_EACH(edgegen_move_2(to, from))
            } else if (run == 4) {
                EDGEGEN_CONCAT_EACH(edgegen_move_4(to, from))
            } else if (apart) {
                EDGEGEN_CONCAT_EACH(memcpy(to, from, (size_t)run))
            } else {
                EDGEGEN_CONCAT_EACH(edgegen_move(to, from, (size_t)run))
            }
        }
    }
}

EDGEGEN_KERNEL void concat_1(const edgegen_concat *p, const void *a, void *y)
{
    const void *const x[] = {a};
    edgegen_concat_runs(p, 1, x, y);
}

EDGEGEN_KERNEL void concat_2(const edgegen_concat *p, const void *a, const void *b, void *y)
{
    const void *const x[] = {a, b};
    edgegen_concat_runs(p, 2, x, y);
}

EDGEGEN_KERNEL void concat_3(const edgegen_concat *p, const void *a, const void *b, const void *c, void *y)
{
    const void *const x[] = {a, b, c};
    edgegen_concat_runs(p, 3, x, y);
}

EDGEGEN_KERNEL void concat_4(const edgegen_concat *p, const void *a, const void *b, const void *c, const void *d,
                             void *y)
{
    const void *const x[] = {a, b, c, d};
    edgegen_concat_runs(p, 4, x, y);
}

EDGEGEN_KERNEL void concat_5(const edgegen_concat *p, const void *a, const void *b, const void *c, const void *d,
                             const void *e, void *y)
{
    const void *const x[] = {a, b, c, d, e};
    edgegen_concat_runs(p, 5, x, y);
}

EDGEGEN_KERNEL void concat_6(const edgegen_concat *p, const void *a, const void *b, const void *c, const void *d,
                             const void *e, const void *f, void *y)
{
    const void *const x[] = {a, b, c, d, e, f};
    edgegen_concat_runs(p, 6, x, y);
}

EDGEGEN_KERNEL void concat_7(const edgegen_concat *p, const void *a, const void *b, const void *c, const void *d,
                             const void *e, const void *f, const void *g, void *y)
{
    const void *const x[] = {a, b, c, d, e, f, g};
    edgegen_concat_runs(p, 7, x, y);
}

EDGEGEN_KERNEL void concat_8(const edgegen_concat *p, const void *a, const void *b, const void *c, const void *d,
                             const void *e, const void *f, const void *g, const void *h, void *y)
{
    const void *const x[] = {a, b, c, d, e, f, g, h};
    edgegen_concat_runs(p, 8, x, y);
}

#endif
