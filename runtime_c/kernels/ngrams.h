/* How often known sequences of tokens occur, portable. */
#ifndef EDGEGEN_NGRAMS_H
#define EDGEGEN_NGRAMS_H

#include "edgegen.h"

typedef struct {
    int32_t rows, length, grams, skips, columns;
} edgegen_ngrams;

/* x[rows, length]; n-gram g: token[start[g]] to before token[start[g + 1]] -> y[rows, columns] */
#define EDGEGEN_NGRAMS(name, type)                                                                                     \
    /* Places of a row at which n tokens stand, `skip` apart. */                                                       \
    EDGEGEN_INLINE int32_t edgegen_places_##name(const type *x, int32_t length, const type *token, int32_t n,          \
                                                 int32_t skip)                                                         \
    {                                                                                                                  \
        int32_t found = 0;                                                                                             \
        for (int64_t at = 0; at + (int64_t)skip * (n - 1) < length; at++) {                                            \
            int32_t k = 0;                                                                                             \
            while (k < n && x[at + (int64_t)skip * k] == token[k]) {                                                   \
                k++;                                                                                                   \
            }                                                                                                          \
            found += k == n;                                                                                           \
        }                                                                                                              \
        return found;                                                                                                  \
    }                                                                                                                  \
    EDGEGEN_KERNEL void ngrams_##name(const edgegen_ngrams *p, const type *x, const int32_t *start, const type *token, \
                                      const int32_t *column, float *y)                                                 \
    {                                                                                                                  \
        for (int32_t r = 0; r < p->rows; r++, x += p->length, y += p->columns) {                                       \
            for (int32_t c = 0; c < p->columns; c++) {                                                                 \
                y[c] = 0.0f;                                                                                           \
            }                                                                                                          \
            for (int32_t g = 0; g < p->grams; g++) {                                                                   \
                const int32_t n = start[g + 1] - start[g];                                                             \
                for (int32_t skip = 1; skip <= (n == 1 ? 1 : p->skips); skip++) {                                      \
                    y[column[g]] += (float)edgegen_places_##name(x, p->length, token + start[g], n, skip);             \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

EDGEGEN_NGRAMS(s32, int32_t)
EDGEGEN_NGRAMS(s64, int64_t)

#endif
