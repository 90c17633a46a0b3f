/* Probabilities of several classes from those of each two, on f32, portable. */
#ifndef EDGEGEN_COUPLING_H
#define EDGEGEN_COUPLING_H

#include "edgegen.h"

typedef struct {
    int32_t rows, classes, turns;
} edgegen_coupling;

/* q[k, k] of x, where x of (i, j), i < j, is the probability of i against j: products of those, sums of squares on the
 * diagonal. */
EDGEGEN_INLINE void edgegen_coupling_matrix(int32_t k, const float *x, float *q)
{
    for (int32_t i = 0; i < k; i++) {
        q[i * k + i] = 0.0f;
    }
    for (int32_t i = 0; i < k; i++) {
        for (int32_t j = i + 1; j < k; j++) {
            const float wins = *x++, loses = 1.0f - wins;
            q[i * k + i] += loses * loses;
            q[j * k + j] += wins * wins;
            q[i * k + j] = q[j * k + i] = -wins * loses;
        }
    }
}

/* qp = q * p; returns p * q * p. */
EDGEGEN_INLINE float edgegen_coupling_product(int32_t k, const float *q, const float *p, float *qp)
{
    float total = 0.0f;
    for (int32_t t = 0; t < k; t++) {
        qp[t] = 0.0f;
        for (int32_t j = 0; j < k; j++) {
            qp[t] += q[t * k + j] * p[j];
        }
        total += p[t] * qp[t];
    }
    return total;
}

/* One turn over all classes. */
EDGEGEN_INLINE void edgegen_coupling_turn(int32_t k, const float *q, float total, float *p, float *qp)
{
    for (int32_t t = 0; t < k; t++) {
        const float own = q[t * k + t], step = (total - qp[t]) / own, whole = 1.0f + step;
        p[t] += step;
        total = (total + step * (step * own + 2.0f * qp[t])) / whole / whole;
        for (int32_t j = 0; j < k; j++) {
            qp[j] = (qp[j] + step * q[t * k + j]) / whole;
            p[j] /= whole;
        }
    }
}

/* x[rows, classes * (classes - 1) / 2] -> p[rows, classes] */
EDGEGEN_KERNEL void coupling_f32(const edgegen_coupling *s, const float *x, uint8_t *scratch, float *p)
{
    const int32_t k = s->classes;
    float *const q = (float *)(void *)scratch, *const qp = q + k * k;
    for (int32_t r = 0; r < s->rows; r++, x += k * (k - 1) / 2, p += k) {
        edgegen_coupling_matrix(k, x, q);
        for (int32_t t = 0; t < k; t++) {
            p[t] = 1.0f / (float)k;
        }
        for (int32_t turn = 0; turn < s->turns; turn++) {
            const float total = edgegen_coupling_product(k, q, p, qp);
            float most = 0.0f;
            for (int32_t t = 0; t < k; t++) {
                most = fmaxf(most, fabsf(qp[t] - total));
            }
            if (most < 0.005f / (float)k) {
                break;
            }
            edgegen_coupling_turn(k, q, total, p, qp);
        }
    }
}

#endif
