/* Attention, portable: each query's scores are made, turned into weights and used before the next query's. */
#ifndef EDGEGEN_ATTENTION_H
#define EDGEGEN_ATTENTION_H

#include "kernels/softmax_narrow.h"

/* Which scores leave: products, after the soft cap, with the mask, or weights. */
enum { EDGEGEN_SCORES_RAW, EDGEGEN_SCORES_CAPPED, EDGEGEN_SCORES_MASKED, EDGEGEN_SCORES_WEIGHTS };

/* group:      query heads that share a key head
 * rows, keys: queries and keys of a sequence; depth, width: elements of a key and of a value
 * q, k, v, y: elements from one sequence, head and row to the next
 * mask:       elements from one sequence, head, row and key to the next, 0 where it repeats
 * causal:     keys after a query's position do not count; left, right: farthest ones that count, -1 for all
 * offset:     position of the first query; from_end: it is lengths - rows
 * precision:  to which softmax rounds: 0 as it computes, 1 f16, 2 bf16
 * scale:      of queries, and of keys; cap: of scores, 0 for none */
typedef struct {
    int32_t batch, heads, group, rows, keys, depth, width;
    int32_t q[3], k[3], v[3], y[3], mask[4];
    int32_t causal, left, right, offset, from_end, leaves, precision;
    double scale, cap;
} edgegen_attention;

EDGEGEN_INLINE float edgegen_nearest_f32(int32_t precision, float v)
{
    return precision == 0 ? v : precision == 1 ? EDGEGEN_NEAREST_F16(v) : EDGEGEN_NEAREST_BF16(v);
}

EDGEGEN_INLINE double edgegen_nearest_f64(int32_t precision, double v)
{
    (void)precision;
    return v;
}

/* Scores of the keys from `low` to `high` to weights whose sum is 1, or to zeros where all are -infinity. */
#define EDGEGEN_ATTENTION_WEIGHTS(name, real, math, nearest)                                                           \
    EDGEGEN_INLINE void edgegen_attention_weights_##name(int32_t precision, int32_t low, int32_t high, real *row)      \
    {                                                                                                                  \
        real most = -EDGEGEN_INFINITY, sum = 0;                                                                        \
        for (int32_t j = low; j <= high; j++) {                                                                        \
            row[j] = nearest(precision, row[j]);                                                                       \
            most = row[j] > most ? row[j] : most;                                                                      \
        }                                                                                                              \
        most = most == -EDGEGEN_INFINITY ? 0 : most;                                                                   \
        for (int32_t j = low; j <= high; j++) {                                                                        \
            row[j] = nearest(precision, math(exp)(nearest(precision, row[j] - most)));                                 \
            sum = precision == 2 ? nearest(precision, sum + row[j]) : sum + row[j];                                    \
        }                                                                                                              \
        sum = nearest(precision, sum);                                                                                 \
        sum = sum == 0 ? 1 : sum;                                                                                      \
        for (int32_t j = low; j <= high; j++) {                                                                        \
            row[j] = nearest(precision, row[j] / sum);                                                                 \
        }                                                                                                              \
    }

EDGEGEN_ATTENTION_WEIGHTS(f32, float, EDGEGEN_MATH_F32, edgegen_nearest_f32)
EDGEGEN_ATTENTION_WEIGHTS(f64, double, EDGEGEN_MATH_F64, edgegen_nearest_f64)

/* Scales of a query and of a key: where nothing is rounded between, the query's does for both. */
#define EDGEGEN_SCALES_AT_ONCE(v, scale) ((v) * (scale) * (scale))
#define EDGEGEN_SCALES_LATER(v, scale) (v)
#define EDGEGEN_SCALES_F16(v, scale) EDGEGEN_NEAREST_F16((v) * (scale))
#define EDGEGEN_SCALES_BF16(v, scale) EDGEGEN_NEAREST_BF16((v) * (scale))

/* Defines the kernels `attention_<name>` and `attention_scores_<name>`, which also gives the scores, on tensors of
 * `type`, computed with as `real`: products are summed in it and rounded once, other results each.
 *
 * lengths: keys of each sequence that count; scratch: reals of a query, of its scores and of its result */
#define EDGEGEN_ATTENTION(name, type, real, wide, math, load, store, nearest, of_query, of_key)                        \
    EDGEGEN_INLINE real edgegen_attention_score_##name(const edgegen_attention *p, const real *query, const type *key) \
    {                                                                                                                  \
        const real scale = (real)p->scale;                                                                             \
        real sums[8] = {0, 0, 0, 0, 0, 0, 0, 0};                                                                       \
        int32_t d = 0;                                                                                                 \
        (void)scale;                                                                                                   \
        for (; d + 8 <= p->depth; d += 8) {                                                                            \
            for (int32_t l = 0; l < 8; l++) {                                                                          \
                sums[l] += query[d + l] * of_key(load(key[d + l]), scale);                                             \
            }                                                                                                          \
        }                                                                                                              \
        for (; d < p->depth; d++) {                                                                                    \
            sums[0] += query[d] * of_key(load(key[d]), scale);                                                         \
        }                                                                                                              \
        for (int32_t l = 4; l < 8; l++) {                                                                              \
            sums[l - 4] += sums[l];                                                                                    \
        }                                                                                                              \
        return nearest(sums[0] + sums[1] + (sums[2] + sums[3]));                                                       \
    }                                                                                                                  \
                                                                                                                       \
    EDGEGEN_INLINE void edgegen_attention_row_##name(const edgegen_attention *p, const real *query, const type *k,     \
                                                     const type *v, const type *mask, int32_t low, int32_t high,       \
                                                     real *row, real *sums, type *y, type *scores)                     \
    {                                                                                                                  \
        const real cap = (real)p->cap;                                                                                 \
        const int32_t all = scores != NULL;                                                                            \
        int32_t seen = 0;                                                                                              \
        for (int32_t j = all ? 0 : low; j <= (all ? p->keys - 1 : high); j++) {                                        \
            const real bias = j < low || j > high ? (real)-EDGEGEN_INFINITY : load(mask[j * p->mask[3]]);              \
            const int32_t hidden = bias == -EDGEGEN_INFINITY;                                                          \
            seen |= !hidden;                                                                                           \
            row[j] = bias;                                                                                             \
            if (hidden && !(all && p->leaves < EDGEGEN_SCORES_MASKED)) {                                               \
                if (all) {                                                                                             \
                    scores[j] = store(bias);                                                                           \
                }                                                                                                      \
                continue;                                                                                              \
            }                                                                                                          \
            const real raw = edgegen_attention_score_##name(p, query, k + j * p->k[2]);                                \
            const real capped = cap > 0 ? nearest(nearest(math(tanh)(nearest(raw / cap))) * cap) : raw;                \
            row[j] = hidden ? bias : nearest(capped + bias);                                                           \
            if (all) {                                                                                                 \
                scores[j] = store(p->leaves == EDGEGEN_SCORES_RAW      ? raw                                           \
                                  : p->leaves == EDGEGEN_SCORES_CAPPED ? capped                                        \
                                                                       : row[j]);                                      \
            }                                                                                                          \
        }                                                                                                              \
        edgegen_attention_weights_##wide(p->precision, low, high, row);                                                \
        for (int32_t d = 0; d < p->width; d++) {                                                                       \
            sums[d] = 0;                                                                                               \
        }                                                                                                              \
        for (int32_t j = low; seen && j <= high; j++) {                                                                \
            const real weight = nearest(row[j]);                                                                       \
            for (int32_t d = 0; d < p->width; d++) {                                                                   \
                sums[d] += weight * load(v[j * p->v[2] + d]);                                                          \
            }                                                                                                          \
        }                                                                                                              \
        for (int32_t d = 0; d < p->width; d++) {                                                                       \
            y[d] = store(sums[d]);                                                                                     \
        }                                                                                                              \
        for (int32_t j = 0; all && p->leaves == EDGEGEN_SCORES_WEIGHTS && j < p->keys; j++) {                          \
            scores[j] = store(seen && j >= low && j <= high ? row[j] : 0);                                             \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    EDGEGEN_INLINE void edgegen_attention_##name(const edgegen_attention *p, const type *q, const type *k,             \
                                                 const type *v, const type *mask, const int64_t *lengths,              \
                                                 uint8_t *scratch, type *y, type *scores)                              \
    {                                                                                                                  \
        real *const query = (real *)(void *)scratch, *const row = query + p->depth, *const sums = row + p->keys;       \
        const real scale = (real)p->scale;                                                                             \
        for (int32_t s = 0; s < p->batch * p->heads * p->rows; s++) {                                                  \
            const int32_t i = s % p->rows, h = s / p->rows % p->heads, b = s / p->rows / p->heads;                     \
            const int32_t length = lengths[b] < 0 ? 0 : lengths[b] > p->keys ? p->keys : (int32_t)lengths[b];          \
            const int32_t at = i + (p->from_end ? length - p->rows : p->offset), head = h / p->group;                  \
            int32_t low = p->left < 0 ? 0 : edgegen_max_s32(0, at - p->left), high = length - 1;                       \
            high = p->right < 0 ? high : edgegen_min_s32(high, at + p->right);                                         \
            high = p->causal ? edgegen_min_s32(high, at) : high;                                                       \
            for (int32_t d = 0; d < p->depth; d++) {                                                                   \
                query[d] = of_query(load(q[b * p->q[0] + h * p->q[1] + i * p->q[2] + d]), scale);                      \
            }                                                                                                          \
            edgegen_attention_row_##name(p, query, k + b * p->k[0] + head * p->k[1], v + b * p->v[0] + head * p->v[1], \
                                         mask + b * p->mask[0] + h * p->mask[1] + i * p->mask[2], low, high, row,      \
                                         sums, y + b * p->y[0] + h * p->y[1] + i * p->y[2],                            \
                                         scores == NULL ? NULL : scores + s * p->keys);                                \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    EDGEGEN_KERNEL void attention_##name(const edgegen_attention *p, const type *q, const type *k, const type *v,      \
                                         const type *mask, const int64_t *lengths, uint8_t *scratch, type *y)          \
    {                                                                                                                  \
        edgegen_attention_##name(p, q, k, v, mask, lengths, scratch, y, NULL);                                         \
    }                                                                                                                  \
                                                                                                                       \
    EDGEGEN_KERNEL void attention_scores_##name(const edgegen_attention *p, const type *q, const type *k,              \
                                                const type *v, const type *mask, const int64_t *lengths,               \
                                                uint8_t *scratch, type *y, type *scores)                               \
    {                                                                                                                  \
        edgegen_attention_##name(p, q, k, v, mask, lengths, scratch, y, scores);                                       \
    }

EDGEGEN_ATTENTION(f32, float, float, f32, EDGEGEN_MATH_F32, EDGEGEN_AS_IT_IS, EDGEGEN_AS_IT_IS, EDGEGEN_AS_IT_IS,
                  EDGEGEN_SCALES_AT_ONCE, EDGEGEN_SCALES_LATER)
EDGEGEN_ATTENTION(f64, double, double, f64, EDGEGEN_MATH_F64, EDGEGEN_AS_IT_IS, EDGEGEN_AS_IT_IS, EDGEGEN_AS_IT_IS,
                  EDGEGEN_SCALES_AT_ONCE, EDGEGEN_SCALES_LATER)
EDGEGEN_ATTENTION(f16, uint16_t, float, f32, EDGEGEN_MATH_F32, edgegen_from_half, edgegen_to_half, EDGEGEN_NEAREST_F16,
                  EDGEGEN_SCALES_F16, EDGEGEN_SCALES_F16)
EDGEGEN_ATTENTION(bf16, uint16_t, float, f32, EDGEGEN_MATH_F32, edgegen_load_bf16, edgegen_store_bf16,
                  EDGEGEN_NEAREST_BF16, EDGEGEN_SCALES_BF16, EDGEGEN_SCALES_BF16)

#endif
