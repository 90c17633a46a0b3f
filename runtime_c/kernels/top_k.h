/* The greatest or least elements along one axis in order, and where they lie, portable. */
#ifndef EDGEGEN_TOP_K_H
#define EDGEGEN_TOP_K_H

#include "edgegen.h"

/* x[outer, length, inner] -> values and indices[outer, count, inner] */
typedef struct {
    int32_t outer, length, inner, count, largest;
} edgegen_top_k;

/* NaN is less than every number. */
EDGEGEN_INLINE int edgegen_less_f32(float a, float b) { return a < b || (isnan(a) && !isnan(b)); }
EDGEGEN_INLINE int edgegen_less_f64(double a, double b) { return a < b || (isnan(a) && !isnan(b)); }
EDGEGEN_INLINE int edgegen_less_s8(int8_t a, int8_t b) { return a < b; }
EDGEGEN_INLINE int edgegen_less_u8(uint8_t a, uint8_t b) { return a < b; }
EDGEGEN_INLINE int edgegen_less_s16(int16_t a, int16_t b) { return a < b; }
EDGEGEN_INLINE int edgegen_less_s32(int32_t a, int32_t b) { return a < b; }
EDGEGEN_INLINE int edgegen_less_s64(int64_t a, int64_t b) { return a < b; }
EDGEGEN_INLINE int edgegen_less_u64(uint64_t a, uint64_t b) { return a < b; }

/* While an axis is read, the best `count` elements so far lie in the outputs as a heap, the worst at its root; at the
 * end the roots are taken one by one to the back. n: elements between neighbours. */
#define EDGEGEN_TOP_K(of, type, to, index)                                                                             \
    EDGEGEN_INLINE int edgegen_top_k_worse_##of##_##to(const edgegen_top_k *p, type a, index i, type b, index k)       \
    {                                                                                                                  \
        const int less = p->largest ? edgegen_less_##of(a, b) : edgegen_less_##of(b, a);                               \
        const int more = p->largest ? edgegen_less_##of(b, a) : edgegen_less_##of(a, b);                               \
        return less || (!more && i > k);                                                                               \
    }                                                                                                                  \
    /* Puts (v, i) where it belongs below the free place `at` of a heap of `size`. */                                  \
    EDGEGEN_INLINE void edgegen_top_k_sink_##of##_##to(const edgegen_top_k *p, type *values, index *indices,           \
                                                       int32_t at, int32_t size, type v, index i)                      \
    {                                                                                                                  \
        const int32_t n = p->inner;                                                                                    \
        for (;;) {                                                                                                     \
            int32_t below = 2 * at + 1;                                                                                \
            if (below + 1 < size && edgegen_top_k_worse_##of##_##to(p, values[(below + 1) * n],                        \
                                                                    indices[(below + 1) * n], values[below * n],       \
                                                                    indices[below * n])) {                             \
                below++;                                                                                               \
            }                                                                                                          \
            if (below >= size ||                                                                                       \
                !edgegen_top_k_worse_##of##_##to(p, values[below * n], indices[below * n], v, i)) {                    \
                break;                                                                                                 \
            }                                                                                                          \
            values[at * n] = values[below * n];                                                                        \
            indices[at * n] = indices[below * n];                                                                      \
            at = below;                                                                                                \
        }                                                                                                              \
        values[at * n] = v;                                                                                            \
        indices[at * n] = i;                                                                                           \
    }                                                                                                                  \
    EDGEGEN_KERNEL void top_k_##of##_##to(const edgegen_top_k *p, const type *x, type *values, index *indices)         \
    {                                                                                                                  \
        const int32_t n = p->inner, count = p->count;                                                                  \
        for (int32_t o = 0; o < p->outer; o++) {                                                                       \
            for (int32_t c = 0; c < n; c++) {                                                                          \
                const type *from = x + o * p->length * n + c;                                                          \
                type *v = values + o * count * n + c;                                                                  \
                index *at = indices + o * count * n + c;                                                               \
                for (int32_t i = 0; i < count; i++) {                                                                  \
                    v[i * n] = from[i * n];                                                                            \
                    at[i * n] = (index)i;                                                                              \
                }                                                                                                      \
                for (int32_t i = count / 2 - 1; i >= 0; i--) {                                                         \
                    edgegen_top_k_sink_##of##_##to(p, v, at, i, count, v[i * n], at[i * n]);                           \
                }                                                                                                      \
                for (int32_t i = count; i < p->length; i++) {                                                          \
                    if (edgegen_top_k_worse_##of##_##to(p, v[0], at[0], from[i * n], (index)i)) {                      \
                        edgegen_top_k_sink_##of##_##to(p, v, at, 0, count, from[i * n], (index)i);                     \
                    }                                                                                                  \
                }                                                                                                      \
                for (int32_t i = count - 1; i > 0; i--) {                                                              \
                    const type last = v[i * n];                                                                        \
                    const index place = at[i * n];                                                                     \
                    v[i * n] = v[0];                                                                                   \
                    at[i * n] = at[0];                                                                                 \
                    edgegen_top_k_sink_##of##_##to(p, v, at, 0, i, last, place);                                       \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

#define EDGEGEN_TOP_K_ALL(of, type)                                                                                    \
    EDGEGEN_TOP_K(of, type, s16, int16_t)                                                                              \
    EDGEGEN_TOP_K(of, type, s32, int32_t)                                                                              \
    EDGEGEN_TOP_K(of, type, s64, int64_t)

EDGEGEN_TOP_K_ALL(f32, float)
EDGEGEN_TOP_K_ALL(f64, double)
EDGEGEN_TOP_K_ALL(s8, int8_t)
EDGEGEN_TOP_K_ALL(u8, uint8_t)
EDGEGEN_TOP_K_ALL(s16, int16_t)
EDGEGEN_TOP_K_ALL(s32, int32_t)
EDGEGEN_TOP_K_ALL(s64, int64_t)
EDGEGEN_TOP_K_ALL(u64, uint64_t)

#endif
