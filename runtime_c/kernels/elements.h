/* Elements along one axis, chosen by indices. */
#ifndef EDGEGEN_ELEMENTS_H
#define EDGEGEN_ELEMENTS_H

#include "kernels/indices.h"
#include "kernels/update.h"

/* Nested loops over the indices; x_step: elements of x between neighbours, 0 along the axis that the indices are on,
 * which has `along` elements `along_step` apart; bytes: of x */
typedef struct {
    int32_t extent[8], x_step[8], along, along_step, bytes;
} edgegen_elements;

#define EDGEGEN_ELEMENTS_LOOPS(n)                                                                                      \
    for (int32_t i0 = 0; i0 < n[0]; i0++)                                                                              \
    for (int32_t i1 = 0; i1 < n[1]; i1++)                                                                              \
    for (int32_t i2 = 0; i2 < n[2]; i2++)                                                                              \
    for (int32_t i3 = 0; i3 < n[3]; i3++)                                                                              \
    for (int32_t i4 = 0; i4 < n[4]; i4++)                                                                              \
    for (int32_t i5 = 0; i5 < n[5]; i5++)                                                                              \
    for (int32_t i6 = 0; i6 < n[6]; i6++)                                                                              \
    for (int32_t i7 = 0; i7 < n[7]; i7++)

#define EDGEGEN_ELEMENTS_PLACE(s)                                                                                      \
    (i0 * s[0] + i1 * s[1] + i2 * s[2] + i3 * s[3] + i4 * s[4] + i5 * s[5] + i6 * s[6] + i7 * s[7])

#define EDGEGEN_GATHER_ELEMENTS(bits, type, index, index_type)                                                         \
    EDGEGEN_KERNEL void gather_elements_##bits##_##index(const edgegen_elements *p, const void *x,                     \
                                                         const index_type *indices, void *y)                           \
    {                                                                                                                  \
        const int32_t *n = p->extent, *s = p->x_step;                                                                  \
        const type *from = (const type *)x;                                                                            \
        type *to = (type *)y;                                                                                          \
        EDGEGEN_ELEMENTS_LOOPS(n) {                                                                                    \
            const int32_t along = edgegen_bounded_##index(*indices++, p->along);                                       \
            *to++ = from[EDGEGEN_ELEMENTS_PLACE(s) + along * p->along_step];                                           \
        }                                                                                                              \
    }

#define EDGEGEN_GATHER_ELEMENTS_BY(index, index_type)                                                                  \
    EDGEGEN_GATHER_ELEMENTS(8, uint8_t, index, index_type)                                                             \
    EDGEGEN_GATHER_ELEMENTS(16, uint16_t, index, index_type)                                                           \
    EDGEGEN_GATHER_ELEMENTS(32, uint32_t, index, index_type)                                                           \
    EDGEGEN_GATHER_ELEMENTS(64, uint64_t, index, index_type)

EDGEGEN_GATHER_ELEMENTS_BY(s16, int16_t)
EDGEGEN_GATHER_ELEMENTS_BY(s32, int32_t)
EDGEGEN_GATHER_ELEMENTS_BY(s64, int64_t)

/* y may be x. */
#define EDGEGEN_SCATTER_ELEMENTS(name, index, index_type, type, updated)                                               \
    EDGEGEN_KERNEL void scatter_elements_##name##_##index(const edgegen_elements *p, const void *x,                    \
                                                          const index_type *indices, const void *updates, void *y)     \
    {                                                                                                                  \
        const int32_t *n = p->extent, *s = p->x_step;                                                                  \
        const type *from = (const type *)updates;                                                                      \
        if (y != x) {                                                                                                  \
            memcpy(y, x, (size_t)p->bytes);                                                                            \
        }                                                                                                              \
        EDGEGEN_ELEMENTS_LOOPS(n) {                                                                                    \
            const int32_t along = edgegen_index_##index(*indices++, p->along);                                         \
            const type value = *from++;                                                                                \
            if (along >= 0 && along < p->along) {                                                                      \
                type *at = (type *)y + EDGEGEN_ELEMENTS_PLACE(s) + along * p->along_step;                              \
                *at = updated(type, *at, value);                                                                       \
            }                                                                                                          \
        }                                                                                                              \
    }

#define EDGEGEN_SCATTER_ELEMENTS_BY(name, type, updated)                                                               \
    EDGEGEN_SCATTER_ELEMENTS(name, s32, int32_t, type, updated)                                                        \
    EDGEGEN_SCATTER_ELEMENTS(name, s64, int64_t, type, updated)

EDGEGEN_SCATTER_ELEMENTS_BY(8, uint8_t, EDGEGEN_UPDATE_NONE)
EDGEGEN_SCATTER_ELEMENTS_BY(16, uint16_t, EDGEGEN_UPDATE_NONE)
EDGEGEN_SCATTER_ELEMENTS_BY(32, uint32_t, EDGEGEN_UPDATE_NONE)
EDGEGEN_SCATTER_ELEMENTS_BY(64, uint64_t, EDGEGEN_UPDATE_NONE)

EDGEGEN_UPDATES(EDGEGEN_SCATTER_ELEMENTS_BY)

#endif
