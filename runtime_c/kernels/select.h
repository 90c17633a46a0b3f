/* One of two values, element by element with broadcasting, portable: elements are copied as bytes of any type. */
#ifndef EDGEGEN_SELECT_H
#define EDGEGEN_SELECT_H

#include "edgegen.h"

/* Nested loops over the output in storage order, outermost first. A step is in elements; 0: the operand repeats. */
typedef struct {
    int32_t extent[6], condition_step[6], a_step[6], b_step[6];
} edgegen_select;

#define EDGEGEN_SELECT(bits, size)                                                                                     \
    EDGEGEN_KERNEL void select_##bits(const edgegen_select *p, const uint8_t *condition, const void *a, const void *b, \
                                      void *y)                                                                         \
    {                                                                                                                  \
        const int32_t *n = p->extent, *sc = p->condition_step, *sa = p->a_step, *sb = p->b_step;                       \
        const uint8_t *from_a = (const uint8_t *)a, *from_b = (const uint8_t *)b;                                      \
        uint8_t *out = (uint8_t *)y;                                                                                   \
        for (int32_t i0 = 0; i0 < n[0]; i0++)                                                                          \
        for (int32_t i1 = 0; i1 < n[1]; i1++)                                                                          \
        for (int32_t i2 = 0; i2 < n[2]; i2++)                                                                          \
        for (int32_t i3 = 0; i3 < n[3]; i3++)                                                                          \
        for (int32_t i4 = 0; i4 < n[4]; i4++)                                                                          \
        for (int32_t i = 0; i < n[5]; i++) {                                                                           \
            const int32_t c = i0 * sc[0] + i1 * sc[1] + i2 * sc[2] + i3 * sc[3] + i4 * sc[4] + i * sc[5];              \
            const int32_t at_a = i0 * sa[0] + i1 * sa[1] + i2 * sa[2] + i3 * sa[3] + i4 * sa[4] + i * sa[5];           \
            const int32_t at_b = i0 * sb[0] + i1 * sb[1] + i2 * sb[2] + i3 * sb[3] + i4 * sb[4] + i * sb[5];           \
            memcpy(out, condition[c] ? from_a + (size_t)at_a * (size) : from_b + (size_t)at_b * (size), size);         \
            out += size;                                                                                               \
        }                                                                                                              \
    }

EDGEGEN_SELECT(8, 1)
EDGEGEN_SELECT(16, 2)
EDGEGEN_SELECT(32, 4)
EDGEGEN_SELECT(64, 8)

#endif
