/* Weighted sums of ranges of u32 that overlap by halves, portable. */
#ifndef EDGEGEN_FILTER_BANK_H
#define EDGEGEN_FILTER_BANK_H

#include "edgegen.h"

typedef struct {
    int32_t ranges; /* one more than channels */
} edgegen_filter_bank;

/* ranges[][2]: first number and how many; weights[][2]: of each number, for the channel that ends and the one that
 * starts there. The first range only starts one. */
#define EDGEGEN_FILTER_BANK(name, type, wide)                                                                          \
    EDGEGEN_KERNEL void filter_bank_##name(const edgegen_filter_bank *p, const uint32_t *x, const uint16_t *ranges,    \
                                           const type *weights, uint64_t *y)                                           \
    {                                                                                                                  \
        edgegen_over_u64 *const channel = (edgegen_over_u64 *)y;                                                       \
        uint64_t started = 0;                                                                                          \
        for (int32_t r = 0; r < p->ranges; r++, ranges += 2) {                                                         \
            const uint32_t *level = x + ranges[0];                                                                     \
            uint64_t sum = started;                                                                                    \
            started = 0;                                                                                               \
            for (int32_t k = 0; k < ranges[1]; k++, weights += 2) {                                                    \
                sum += (uint64_t)(wide)weights[0] * level[k];                                                          \
                started += (uint64_t)(wide)weights[1] * level[k];                                                      \
            }                                                                                                          \
            if (r > 0) {                                                                                               \
                channel[r - 1] = sum;                                                                                  \
            }                                                                                                          \
        }                                                                                                              \
    }

EDGEGEN_FILTER_BANK(u16, uint16_t, uint32_t)
EDGEGEN_FILTER_BANK(s16, int16_t, int64_t)

#endif
