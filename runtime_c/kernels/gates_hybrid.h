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

/* What a step multiplies with weights: x[inputs] and h[outputs], which may be empty, as scale * (q - zero). */
typedef struct {
    const int8_t *x, *h;
    int32_t inputs, outputs, zero_x, zero_h;
    float scale_x, scale_h;
} edgegen_taps_s8;

/* Defines edgegen_take_<name>: quantizes x and h, one behind the other. room: bytes for both */
#define EDGEGEN_TAKE_HYBRID(name, quantized_x, quantized_h)                                                            \
    EDGEGEN_INLINE edgegen_taps_s8 edgegen_take_##name(const float *x, int32_t inputs, const float *h,                 \
                                                       int32_t outputs, float *room)                                   \
    {                                                                                                                  \
        int8_t *const qx = (int8_t *)room, *const qh = qx + inputs;                                                    \
        edgegen_taps_s8 taps = {qx, qh, inputs, outputs, 0, 0, 0.0f, 0.0f};                                            \
        taps.scale_x = quantized_x;                                                                                    \
        if (outputs > 0) {                                                                                             \
            taps.scale_h = quantized_h;                                                                                \
        }                                                                                                              \
        return taps;                                                                                                   \
    }

EDGEGEN_TAKE_HYBRID(hybrid, edgegen_quantize_row_symmetric(x, inputs, qx),
                    edgegen_quantize_row_symmetric(h, outputs, qh))
EDGEGEN_TAKE_HYBRID(hybrid_asymmetric, edgegen_quantize_row_asymmetric(x, inputs, qx, &taps.zero_x),
                    edgegen_quantize_row_asymmetric(h, outputs, qh, &taps.zero_h))

/* As edgegen_gates_f32.
 *
 * stream: words; per four units bias[4], scales of the weights of x[4] and of h[4], all f32, sums of the weights of
 *         x[4] and of h[4], then [inputs + outputs][4] weights of s8 */
EDGEGEN_INLINE const int32_t *edgegen_gates_hybrid(const edgegen_taps_s8 *taps, const int32_t *stream, int32_t units,
                                                   float *sums)
{
    for (int32_t o = 0; o < units; o += 4) {
        float head[12];
        int32_t from_x[4], from_h[4];
        memcpy(head, stream, sizeof head);
        const int8_t *const weights = (const int8_t *)(stream + 20);
        edgegen_four_sums_s8(taps->h, taps->outputs, edgegen_four_sums_s8(taps->x, taps->inputs, weights, from_x),
                             from_h);
        for (int32_t g = 0; g < 4; g++) {
            const float a = (float)(from_x[g] - taps->zero_x * stream[12 + g]) * (taps->scale_x * head[4 + g]);
            const float b = (float)(from_h[g] - taps->zero_h * stream[16 + g]) * (taps->scale_h * head[8 + g]);
            sums[o + g] = head[g] + a + b;
        }
        stream += 20 + taps->inputs + taps->outputs;
    }
    return stream;
}

#endif
