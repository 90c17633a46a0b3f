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

#endif
