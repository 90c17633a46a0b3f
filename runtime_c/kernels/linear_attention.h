/* Attention through a state, on f32, portable. */
#ifndef EDGEGEN_LINEAR_ATTENTION_H
#define EDGEGEN_LINEAR_ATTENTION_H

#include "edgegen.h"

/* groups: heads of keys, values and states; share: heads of queries that use one of them
 * depth, width: of a head's state; decays, betas: of a step, 0 if there are none */
typedef struct {
    int32_t batch, steps, groups, share, depth, width, decays, betas;
    float scale;
} edgegen_linear_attention;

/* sums[width] = scale * the state's rows weighed by x[depth] */
EDGEGEN_INLINE void edgegen_state_times(const edgegen_linear_attention *p, const float *state, const float *x,
                                        float scale, float *sums)
{
    for (int32_t m = 0; m < p->width; m++) {
        sums[m] = 0.0f;
    }
    for (int32_t d = 0; d < p->depth; d++) {
        for (int32_t m = 0; m < p->width; m++) {
            sums[m] += x[d] * state[d * p->width + m];
        }
    }
    for (int32_t m = 0; m < p->width; m++) {
        sums[m] *= scale;
    }
}

/* The state decays; then the step's value, corrected by what the state has for its key, is added under that key. */
EDGEGEN_INLINE void edgegen_state_step(const edgegen_linear_attention *p, int32_t h, const float *key,
                                       const float *value, const float *decay, const float *beta, float *fresh,
                                       float *state)
{
    const int32_t by_row = p->decays > p->groups;
    for (int32_t d = 0; p->decays != 0 && d < p->depth; d++) {
        const float keep = expf(decay[by_row ? h * p->depth + d : h]);
        for (int32_t m = 0; m < p->width; m++) {
            state[d * p->width + m] *= keep;
        }
    }
    if (p->betas != 0) {
        edgegen_state_times(p, state, key, 1.0f, fresh);
    }
    for (int32_t m = 0; m < p->width; m++) {
        fresh[m] = p->betas != 0 ? beta[p->betas > 1 ? h : 0] * (value[m] - fresh[m]) : value[m];
    }
    for (int32_t d = 0; d < p->depth; d++) {
        for (int32_t m = 0; m < p->width; m++) {
            state[d * p->width + m] += key[d] * fresh[m];
        }
    }
}

/* scratch: floats of one value; next may be state */
EDGEGEN_KERNEL void linear_attention_f32(const edgegen_linear_attention *p, const float *q, const float *k,
                                         const float *v, const float *state, const float *decay, const float *beta,
                                         uint8_t *scratch, float *y, float *next)
{
    const int32_t size = p->depth * p->width, heads = p->groups * p->share;
    if (next != state) {
        memcpy(next, state, (size_t)(p->batch * p->groups * size) * sizeof *next);
    }
    for (int32_t r = 0; r < p->batch * p->steps; r++) {
        float *const states = next + r / p->steps * p->groups * size;
        for (int32_t h = 0; h < p->groups; h++) {
            edgegen_state_step(p, h, k + (r * p->groups + h) * p->depth, v + (r * p->groups + h) * p->width,
                               decay + r * p->decays, beta + r * p->betas, (float *)(void *)scratch, states + h * size);
        }
        for (int32_t h = 0; h < heads; h++) {
            edgegen_state_times(p, states + h / p->share * size, q + (r * heads + h) * p->depth, p->scale,
                                y + (r * heads + h) * p->width);
        }
    }
}

#endif
