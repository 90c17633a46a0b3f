/* Sums of frames that overlap, portable. rest may be tail. */
#ifndef EDGEGEN_OVERLAP_ADD_H
#define EDGEGEN_OVERLAP_ADD_H

#include "edgegen.h"

/* x[outer, frames, step + kept], tail[outer, kept] -> y[outer, frames * step], rest[outer, kept] */
typedef struct {
    int32_t outer, frames, kept, step;
} edgegen_overlap_add;

EDGEGEN_INLINE int16_t edgegen_overlapped_s16(int16_t a, int16_t b)
{
    return (int16_t)edgegen_clamp_s32((int32_t)a + b, INT16_MIN, INT16_MAX);
}
EDGEGEN_INLINE float edgegen_overlapped_f32(float a, float b) { return a + b; }

/* What a frame leaves is written `step` places before what is read of it, so that it may take the tail's place. */
#define EDGEGEN_OVERLAP_ADD(t, type)                                                                                   \
    EDGEGEN_KERNEL void overlap_add_##t(const edgegen_overlap_add *p, const type *x, const type *tail, type *y,        \
                                        type *rest)                                                                    \
    {                                                                                                                  \
        const int32_t size = p->step + p->kept;                                                                        \
        for (int32_t o = 0; o < p->outer; o++, tail += p->kept, rest += p->kept) {                                     \
            const type *before = tail;                                                                                 \
            for (int32_t f = 0; f < p->frames; f++, x += size, y += p->step, before = rest) {                          \
                for (int32_t k = 0; k < size; k++) {                                                                   \
                    const type sum = k < p->kept ? edgegen_overlapped_##t(x[k], before[k]) : x[k];                     \
                    if (k < p->step) {                                                                                 \
                        y[k] = sum;                                                                                    \
                    } else {                                                                                           \
                        rest[k - p->step] = sum;                                                                       \
                    }                                                                                                  \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

EDGEGEN_OVERLAP_ADD(s16, int16_t)
EDGEGEN_OVERLAP_ADD(f32, float)

#endif
