/* Concatenation of one to eight tensors, any type. */
#ifndef EDGEGEN_CONCAT_H
#define EDGEGEN_CONCAT_H

#include "edgegen.h"

/* y is `outer` times a run of bytes from each input in turn. */
typedef struct {
    int32_t outer, run[8];
} edgegen_concat;

#define EDGEGEN_CONCAT_SIZED(size)                                                                                     \
    for (int32_t o = 0; o < p->outer; o++) {                                                                           \
        memcpy(to, from, size);                                                                                        \
        from += size;                                                                                                  \
        to += step;                                                                                                    \
    }

EDGEGEN_INLINE void edgegen_concat_runs(const edgegen_concat *p, int inputs, const void *const *x, void *y)
{
    uint8_t *start = (uint8_t *)y;
    size_t step = 0;
    for (int i = 0; i < inputs; i++) {
        step += (size_t)p->run[i];
    }
    for (int i = 0; i < inputs; i++) {
        const size_t run = (size_t)p->run[i];
        const uint8_t *from = (const uint8_t *)x[i];
        uint8_t *to = start;
        switch (run) { /* elements of a known size are moved in registers */
        case 1: EDGEGEN_CONCAT_SIZED(1) break;
        case 2: EDGEGEN_CONCAT_SIZED(2) break;
        case 4: EDGEGEN_CONCAT_SIZED(4) break;
        default: EDGEGEN_CONCAT_SIZED(run) break;
        }
        start += run;
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
