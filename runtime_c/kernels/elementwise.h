/* Loops of element-wise kernels with two operands. */
#ifndef EDGEGEN_ELEMENTWISE_H
#define EDGEGEN_ELEMENTWISE_H

#include "edgegen.h"

/* Nested loops over the output in storage order, outermost first. A step is in elements; 0: the operand repeats. */
#define EDGEGEN_BROADCAST int32_t extent[6], a_step[6], b_step[6]

/* Defines the kernel `name`: y[i] = element(p, a[..], b[..]) for each element of y. y may lie on an operand that is
 * read in y's order. */
#define EDGEGEN_ELEMENTWISE(name, params, type, element) EDGEGEN_ELEMENTWISE_TO(name, params, type, type, element)

/* The same with results of another type than the operands. */
#define EDGEGEN_ELEMENTWISE_TO(name, params, type, result, element)                                                    \
    EDGEGEN_ELEMENTWISE_ROWS(name, params, type, result,                                                               \
                             for (int32_t i = 0; i < n[5]; i++) {                                                      \
                                 y[i] = element(p, row_a[i * sa[5]], row_b[i * sb[5]]);                                \
                             })

/* EDGEGEN_ELEMENTWISE, eight elements at a time, all read before one is written: short arithmetic is then vectorized,
 * though compilers cannot know whether y lies on an operand. */
#define EDGEGEN_ELEMENTWISE_8(name, params, type, element)                                                             \
    EDGEGEN_ELEMENTWISE_ROWS(name, params, type, type,                                                                 \
                             int32_t i = 0;                                                                            \
                             for (; i < n[5] - n[5] % 8; i += 8) {                                                     \
                                 type values[8];                                                                       \
                                 for (int32_t k = 0; k < 8; k++) {                                                     \
                                     values[k] = element(p, row_a[(i + k) * sa[5]], row_b[(i + k) * sb[5]]);           \
                                 }                                                                                     \
                                 memcpy(y + i, values, sizeof values);                                                 \
                             }                                                                                         \
                             for (; i < n[5]; i++) {                                                                   \
                                 y[i] = element(p, row_a[i * sa[5]], row_b[i * sb[5]]);                                \
                             })

/* The loops around `row`, which computes n[5] elements from y on. */
#define EDGEGEN_ELEMENTWISE_ROWS(name, params, type, result, row)                                                      \
    EDGEGEN_KERNEL void name(const params *p, const type *a, const type *b, result *y)                                 \
    {                                                                                                                  \
        const int32_t *n = p->extent, *sa = p->a_step, *sb = p->b_step;                                                \
        for (int32_t i0 = 0; i0 < n[0]; i0++)                                                                          \
        for (int32_t i1 = 0; i1 < n[1]; i1++)                                                                          \
        for (int32_t i2 = 0; i2 < n[2]; i2++)                                                                          \
        for (int32_t i3 = 0; i3 < n[3]; i3++)                                                                          \
        for (int32_t i4 = 0; i4 < n[4]; i4++) {                                                                        \
            const type *row_a = a + i0 * sa[0] + i1 * sa[1] + i2 * sa[2] + i3 * sa[3] + i4 * sa[4];                    \
            const type *row_b = b + i0 * sb[0] + i1 * sb[1] + i2 * sb[2] + i3 * sb[3] + i4 * sb[4];                    \
            row                                                                                                        \
            y += n[5];                                                                                                 \
        }                                                                                                              \
    }

#endif
