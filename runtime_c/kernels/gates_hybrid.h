/* Sums of recurrent layers' gates on f32 with s8 weights: x and h are quantized while the model runs, portable. */
#ifndef EDGEGEN_GATES_HYBRID_H
#define EDGEGEN_GATES_HYBRID_H

#include "kernels/gates_f32.h"
#include "kernels/quantize_rows.h"

/* acc[4] += x[depth] times weights[depth][4]. Returns the end of the weights. */
EDGEGEN_INLINE const int8_t *edgegen_four_sums_s8(const int8_t *x, int32_t depth, const int8_t *weights, int32_t *acc)
{
    int32_t a = 0, b = 0, c = 0, d = 0;
    for (int32_t k = 0; k < depth; k++, weights += 4) {
        a += x[k] * weights[0];
        b += x[k] * weights[1];
        c += x[k] * weights[2];
        d += x[k] * weights[3];
    }
    acc[0] = a;
    acc[1] = b;
    acc[2] = c;
    acc[3] = d;
    return weights;
}

EDGEGEN_INLINE float edgegen_gates_quantized(const float *x, int32_t depth, int32_t asymmetric, int8_t *q, int32_t *zero)
{
    *zero = 0;
    return asymmetric != 0 ? edgegen_quantize_row_asymmetric(x, depth, q, zero)
                           : edgegen_quantize_row_symmetric(x, depth, q);
}

/* Defines edgegen_gates_<name>, which does as edgegen_gates_f32; scratch: bytes for x and h.
 *
 * stream: words; per four units bias[4], scales of the weights of x[4] and of h[4], all f32, sums of the weights of
 *         x[4] and of h[4], then [inputs + outputs][4] weights of s8 */
#define EDGEGEN_GATES_HYBRID(name, asymmetric)                                                                         \
    EDGEGEN_INLINE void edgegen_gates_##name(const edgegen_steps *s, const float *x, const float *h,                   \
                                             const int32_t *stream, int32_t units, float *scratch, float *sums)        \
    {                                                                                                                  \
        int8_t *const qx = (int8_t *)scratch, *const qh = qx + s->inputs;                                              \
        int32_t zero_x, zero_h = 0;                                                                                    \
        const float scale_x = edgegen_gates_quantized(x, s->inputs, asymmetric, qx, &zero_x);                          \
        const float scale_h = s->outputs > 0 ? edgegen_gates_quantized(h, s->outputs, asymmetric, qh, &zero_h) : 0.0f; \
        for (int32_t o = 0; o < units; o += 4) {                                                                       \
            float head[12];                                                                                            \
            int32_t from_x[4], from_h[4];                                                                              \
            memcpy(head, stream, sizeof head);                                                                         \
            const int8_t *const weights = (const int8_t *)(stream + 20);                                               \
            edgegen_four_sums_s8(qh, s->outputs, edgegen_four_sums_s8(qx, s->inputs, weights, from_x), from_h);        \
            for (int32_t g = 0; g < 4; g++) {                                                                          \
                const float a = (float)(from_x[g] - zero_x * stream[12 + g]) * (scale_x * head[4 + g]);                \
                const float b = (float)(from_h[g] - zero_h * stream[16 + g]) * (scale_h * head[8 + g]);                \
                sums[o + g] = head[g] + a + b;                                                                         \
            }                                                                                                          \
            stream += 20 + s->inputs + s->outputs;                                                                     \
        }                                                                                                              \
    }

EDGEGEN_GATES_HYBRID(hybrid, 0)
EDGEGEN_GATES_HYBRID(hybrid_asymmetric, 1)

#endif
