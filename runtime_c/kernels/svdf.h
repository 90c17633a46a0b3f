/* SVDF, portable. Filters remember their last `memory` numbers, oldest first; next may be state. */
#ifndef EDGEGEN_SVDF_H
#define EDGEGEN_SVDF_H

#include "edgegen.h"

/* rank: filters of a unit; remember, output: multiplier and shift of sums over features, and over time */
typedef struct {
    int32_t batch, depth, units, rank, memory;
    int32_t remember[2], state_zero;
    int32_t output[2], zero_point, low, high;
} edgegen_svdf_s8;

typedef struct {
    int32_t batch, depth, units, rank, memory;
    float low, high;
} edgegen_svdf_f32;

/* Drops the oldest number, appends `fresh` and adds up what the times make of them, in `sum`, which wraps. */
#define EDGEGEN_SVDF_REMEMBER(sum, state, fresh, times, memory, next)                                                  \
    for (int32_t m = 0; m + 1 < (memory); m++) {                                                                       \
        (next)[m] = (state)[m + 1];                                                                                    \
        (sum) += (uint32_t)((next)[m] * (times)[m]);                                                                   \
    }                                                                                                                  \
    (next)[(memory) - 1] = (fresh);                                                                                    \
    (sum) += (uint32_t)((fresh) * (times)[(memory) - 1]);

/* Defines the kernel svdf_s8_<name>: the state has `type`, from -limit - 1 to limit.
 *
 * A number is limited before the state's zero point is added, which may wrap.
 * features[units * rank][depth], starts[units * rank]; times[units * rank][memory], bias[units]: zero points are in
 * starts and bias */
#define EDGEGEN_SVDF_S8(name, type, limit)                                                                             \
    EDGEGEN_KERNEL void svdf_s8_##name(const edgegen_svdf_s8 *p, const int8_t *x, const type *state,                   \
                                       const int8_t *features, const int32_t *starts, const type *times,               \
                                       const int32_t *bias, int8_t *y, type *next)                                     \
    {                                                                                                                  \
        for (int32_t b = 0; b < p->batch; b++) {                                                                       \
            const int8_t *feature = features;                                                                          \
            const type *time = times;                                                                                  \
            for (int32_t u = 0; u < p->units; u++) {                                                                   \
                uint32_t acc = (uint32_t)bias[u];                                                                      \
                for (int32_t f = u * p->rank; f < (u + 1) * p->rank; f++) {                                            \
                    int32_t sum = starts[f];                                                                           \
                    for (int32_t k = 0; k < p->depth; k++) {                                                           \
                        sum += x[k] * feature[k];                                                                      \
                    }                                                                                                  \
                    sum = edgegen_requantize(sum, p->remember[0], p->remember[1]);                                     \
                    const type fresh = (type)(edgegen_clamp_s32(sum, -(limit) - 1, limit) + p->state_zero);            \
                    EDGEGEN_SVDF_REMEMBER(acc, state, fresh, time, p->memory, next)                                    \
                    feature += p->depth;                                                                               \
                    time += p->memory;                                                                                 \
                    state += p->memory;                                                                                \
                    next += p->memory;                                                                                 \
                }                                                                                                      \
                const int32_t scaled = edgegen_requantize((int32_t)acc, p->output[0], p->output[1]);                   \
                *y++ = (int8_t)edgegen_clamp_s32(scaled + p->zero_point, p->low, p->high);                             \
            }                                                                                                          \
            x += p->depth;                                                                                             \
        }                                                                                                              \
    }

EDGEGEN_SVDF_S8(s16, int16_t, 32767)
EDGEGEN_SVDF_S8(s8, int8_t, 127)

/* A filter's share of a unit, and what it remembers next. */
EDGEGEN_INLINE float edgegen_svdf_remember_f32(const float *state, float fresh, const float *time, int32_t memory,
                                               float *next)
{
    float sum = 0.0f;
    for (int32_t m = 0; m + 1 < memory; m++) {
        next[m] = state[m + 1];
        sum += next[m] * time[m];
    }
    next[memory - 1] = fresh;
    return sum + fresh * time[memory - 1];
}

/* features[units * rank][depth], times[units * rank][memory], bias[units] */
EDGEGEN_KERNEL void svdf_f32(const edgegen_svdf_f32 *p, const float *x, const float *state, const float *features,
                             const float *times, const float *bias, float *y, float *next)
{
    for (int32_t b = 0; b < p->batch; b++) {
        const float *feature = features;
        for (int32_t u = 0; u < p->units; u++) {
            float acc = bias[u];
            for (int32_t f = u * p->rank; f < (u + 1) * p->rank; f++) {
                float fresh = 0.0f;
                for (int32_t k = 0; k < p->depth; k++) {
                    fresh += x[k] * feature[k];
                }
                feature += p->depth;
                acc += edgegen_svdf_remember_f32(state, fresh, times + f * p->memory, p->memory, next);
                state += p->memory;
                next += p->memory;
            }
            *y++ = edgegen_clamp_f32(acc, p->low, p->high);
        }
        x += p->depth;
    }
}

#endif
