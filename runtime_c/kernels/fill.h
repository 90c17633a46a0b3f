/* One element repeated, any type. */
#ifndef EDGEGEN_FILL_H
#define EDGEGEN_FILL_H

#include "edgegen.h"

typedef struct {
    int32_t count, bytes; /* bytes: of an element */
} edgegen_fill;

#define EDGEGEN_FILL_WITH(type)                                                                                        \
    {                                                                                                                  \
        type v;                                                                                                        \
        memcpy(&v, value, sizeof v);                                                                                   \
        for (int32_t i = 0; i < count; i++) {                                                                          \
            memcpy(to + (size_t)i * sizeof v, &v, sizeof v);                                                           \
        }                                                                                                              \
    }

EDGEGEN_INLINE void edgegen_fill_elements(void *y, int32_t count, int32_t bytes, const void *value)
{
    uint8_t *to = (uint8_t *)y;
    switch (bytes) {
    case 1: memset(to, *(const uint8_t *)value, (size_t)count); break;
    case 2: EDGEGEN_FILL_WITH(uint16_t) break;
    case 4: EDGEGEN_FILL_WITH(uint32_t) break;
    default: EDGEGEN_FILL_WITH(uint64_t) break;
    }
}

EDGEGEN_KERNEL void fill(const edgegen_fill *p, const void *x, void *y)
{
    edgegen_fill_elements(y, p->count, p->bytes, x);
}

/* Six nested loops over elements of x, outermost first, each repeated `run` times; steps are bytes. */
typedef struct {
    int32_t count[6], x_step[6], y_step[6];
    int32_t x_start, run, bytes; /* bytes: of an element */
} edgegen_repeat;

EDGEGEN_KERNEL void repeat(const edgegen_repeat *p, const void *x, void *y)
{
    const uint8_t *from = (const uint8_t *)x + p->x_start;
    uint8_t *to = (uint8_t *)y;
    const int32_t *n = p->count, *sx = p->x_step, *sy = p->y_step;
    for (int32_t a = 0; a < n[0]; a++)
    for (int32_t b = 0; b < n[1]; b++)
    for (int32_t c = 0; c < n[2]; c++)
    for (int32_t d = 0; d < n[3]; d++)
    for (int32_t e = 0; e < n[4]; e++)
    for (int32_t f = 0; f < n[5]; f++) {
        edgegen_fill_elements(to + a * sy[0] + b * sy[1] + c * sy[2] + d * sy[3] + e * sy[4] + f * sy[5], p->run,
                              p->bytes,
                              from + a * sx[0] + b * sx[1] + c * sx[2] + d * sx[3] + e * sx[4] + f * sx[5]);
    }
}

#endif
