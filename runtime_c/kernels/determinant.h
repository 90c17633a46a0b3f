/* Determinants of square matrices, portable. */
#ifndef EDGEGEN_DETERMINANT_H
#define EDGEGEN_DETERMINANT_H

#include "edgegen.h"

typedef struct {
    int32_t count, n;
} edgegen_determinant;

/* x[count, n, n] -> y[count]; scratch: a matrix, whose rows are eliminated one after the other. */
#define EDGEGEN_DETERMINANT(name, type, magnitude)                                                                     \
    EDGEGEN_INLINE type edgegen_eliminated_##name(int32_t n, type *a)                                                  \
    {                                                                                                                  \
        type product = 1;                                                                                              \
        for (int32_t k = 0; k < n; k++) {                                                                              \
            int32_t pivot = k;                                                                                         \
            for (int32_t i = k + 1; i < n; i++) {                                                                      \
                pivot = magnitude(a[i * n + k]) > magnitude(a[pivot * n + k]) ? i : pivot;                             \
            }                                                                                                          \
            for (int32_t j = k; pivot != k && j < n; j++) {                                                            \
                const type other = a[k * n + j];                                                                       \
                a[k * n + j] = a[pivot * n + j];                                                                       \
                a[pivot * n + j] = other;                                                                              \
            }                                                                                                          \
            const type head = a[k * n + k];                                                                            \
            product *= pivot != k ? -head : head;                                                                      \
            if (!(head < 0 || head > 0)) {                                                                             \
                return product;                                                                                        \
            }                                                                                                          \
            for (int32_t i = k + 1; i < n; i++) {                                                                      \
                const type factor = a[i * n + k] / head;                                                               \
                for (int32_t j = k + 1; j < n; j++) {                                                                  \
                    a[i * n + j] -= factor * a[k * n + j];                                                             \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
        return product;                                                                                                \
    }                                                                                                                  \
    EDGEGEN_KERNEL void determinant_##name(const edgegen_determinant *p, const type *x, uint8_t *scratch, type *y)     \
    {                                                                                                                  \
        const int32_t size = p->n * p->n;                                                                              \
        type *const a = (type *)(void *)scratch;                                                                       \
        for (int32_t c = 0; c < p->count; c++) {                                                                       \
            memcpy(a, x + c * size, (size_t)size * sizeof(type));                                                      \
            y[c] = edgegen_eliminated_##name(p->n, a);                                                                 \
        }                                                                                                              \
    }

EDGEGEN_DETERMINANT(f32, float, fabsf)
EDGEGEN_DETERMINANT(f64, double, fabs)

#endif
