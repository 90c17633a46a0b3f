/* Indices of the elements that are not 0, portable. */
#ifndef EDGEGEN_NON_ZERO_H
#define EDGEGEN_NON_ZERO_H

#include "edgegen.h"

/* x[count] of `rank` axes; stride: elements from one index of an axis to the next */
typedef struct {
    int32_t count, rank;
    int32_t extent[8], stride[8];
} edgegen_non_zero;

#define EDGEGEN_IS_ZERO_FLOAT(x) ((x) <= 0 && (x) >= 0)
#define EDGEGEN_IS_ZERO_INTEGER(x) ((x) == 0)

/* x -> y[rank, n], of which the rest is 0, and its shape */
#define EDGEGEN_NON_ZERO(name, type, is_zero)                                                                          \
    EDGEGEN_KERNEL void non_zero_##name(const edgegen_non_zero *p, const type *x, int64_t *y, int64_t *shape)          \
    {                                                                                                                  \
        int64_t found = 0;                                                                                             \
        for (int32_t i = 0; i < p->count; i++) {                                                                       \
            found += !is_zero(x[i]);                                                                                   \
        }                                                                                                              \
        memset(y, 0, (size_t)p->count * (size_t)p->rank * sizeof(int64_t));                                            \
        for (int32_t axis = 0; axis < p->rank; axis++) {                                                               \
            for (int32_t i = 0; i < p->count; i++) {                                                                   \
                if (!is_zero(x[i])) {                                                                                  \
                    *y++ = i / p->stride[axis] % p->extent[axis];                                                      \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
        shape[0] = p->rank;                                                                                            \
        shape[1] = found;                                                                                              \
    }

EDGEGEN_NON_ZERO(f32, float, EDGEGEN_IS_ZERO_FLOAT)
EDGEGEN_NON_ZERO(f64, double, EDGEGEN_IS_ZERO_FLOAT)
EDGEGEN_NON_ZERO(s8, int8_t, EDGEGEN_IS_ZERO_INTEGER)
EDGEGEN_NON_ZERO(u8, uint8_t, EDGEGEN_IS_ZERO_INTEGER)
EDGEGEN_NON_ZERO(s16, int16_t, EDGEGEN_IS_ZERO_INTEGER)
EDGEGEN_NON_ZERO(s32, int32_t, EDGEGEN_IS_ZERO_INTEGER)
EDGEGEN_NON_ZERO(s64, int64_t, EDGEGEN_IS_ZERO_INTEGER)
EDGEGEN_NON_ZERO(u64, uint64_t, EDGEGEN_IS_ZERO_INTEGER)
EDGEGEN_NON_ZERO(bool, uint8_t, EDGEGEN_IS_ZERO_INTEGER)

#endif
