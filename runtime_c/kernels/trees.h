/* Ensembles of decision trees, portable. */
#ifndef EDGEGEN_TREES_H
#define EDGEGEN_TREES_H

#include "edgegen.h"

/* aggregate: 0 sum, 1 min, 2 max */
typedef struct {
    int32_t rows, features, targets, trees, aggregate;
} edgegen_trees;

/* branch[3 * at]: feature * 16 + relation * 2 + whether NaN goes the first way; then the two ways: a node, or ~i for leaf i.
 * Relations 0 to 5: <=, <, >=, >, ==, !=. */
#define EDGEGEN_TREES(name, type)                                                                                      \
    EDGEGEN_INLINE int32_t edgegen_leaf_##name(const type *x, const int32_t *branch, const type *threshold,            \
                                               int32_t at)                                                             \
    {                                                                                                                  \
        while (at >= 0) {                                                                                              \
            const int32_t code = branch[3 * at];                                                                       \
            const type value = x[code >> 4], edge = threshold[at];                                                     \
            int holds;                                                                                                 \
            switch ((code >> 1) & 7) {                                                                                 \
            case 0: holds = value <= edge; break;                                                                      \
            case 1: holds = value < edge; break;                                                                       \
            case 2: holds = value >= edge; break;                                                                      \
            case 3: holds = value > edge; break;                                                                       \
            case 4: holds = value <= edge && value >= edge; break;                                                     \
            default: holds = !(value <= edge && value >= edge); break;                                                 \
            }                                                                                                          \
            holds = holds || ((code & 1) && isnan(value));                                                             \
            at = branch[3 * at + (holds ? 1 : 2)];                                                                     \
        }                                                                                                              \
        return ~at;                                                                                                    \
    }                                                                                                                  \
    /* A target that no leaf has named yet is NaN. */                                                                  \
    EDGEGEN_INLINE type edgegen_joined_##name(int32_t aggregate, type best, type weight)                               \
    {                                                                                                                  \
        if (isnan(best)) {                                                                                             \
            return weight;                                                                                             \
        }                                                                                                              \
        if (aggregate == 0) {                                                                                          \
            return best + weight;                                                                                      \
        }                                                                                                              \
        return (aggregate == 1 ? weight < best : weight > best) ? weight : best;                                       \
    }                                                                                                                  \
    /* x[rows, features] -> y[rows, targets] */                                                                        \
    EDGEGEN_KERNEL void trees_##name(const edgegen_trees *p, const type *x, const int32_t *branch,                     \
                                     const type *threshold, const int32_t *root, const int32_t *first,                 \
                                     const int32_t *target, const type *weight, type *y)                               \
    {                                                                                                                  \
        for (int32_t r = 0; r < p->rows; r++, x += p->features, y += p->targets) {                                     \
            for (int32_t t = 0; t < p->targets; t++) {                                                                 \
                y[t] = (type)EDGEGEN_NAN;                                                                              \
            }                                                                                                          \
            for (int32_t t = 0; t < p->trees; t++) {                                                                   \
                const int32_t leaf = edgegen_leaf_##name(x, branch, threshold, root[t]);                               \
                for (int32_t k = first[leaf]; k < first[leaf + 1]; k++) {                                              \
                    y[target[k]] = edgegen_joined_##name(p->aggregate, y[target[k]], weight[k]);                       \
                }                                                                                                      \
            }                                                                                                          \
            for (int32_t t = 0; t < p->targets; t++) {                                                                 \
                y[t] = isnan(y[t]) ? 0 : y[t];                                                                         \
            }                                                                                                          \
        }                                                                                                              \
    }

EDGEGEN_TREES(f32, float)
EDGEGEN_TREES(f64, double)

#endif
