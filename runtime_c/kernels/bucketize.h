/* Between which boundaries numbers lie, on f32, portable. */
#ifndef EDGEGEN_BUCKETIZE_H
#define EDGEGEN_BUCKETIZE_H

#include "edgegen.h"

typedef struct {
    int32_t count, boundaries;
} edgegen_bucketize;

/* x[count], boundary[boundaries], ascending -> y[count]: how many of them each number reaches; NaN reaches none. */
EDGEGEN_KERNEL void bucketize_f32(const edgegen_bucketize *p, const float *x, const float *boundary, int32_t *y)
{
    edgegen_over_s32 *const bucket = (edgegen_over_s32 *)y;
    for (int32_t i = 0; i < p->count; i++) {
        int32_t low = 0, high = p->boundaries;
        while (low < high) {
            const int32_t middle = (low + high) / 2;
            if (x[i] >= boundary[middle]) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        bucket[i] = low;
    }
}

#endif
