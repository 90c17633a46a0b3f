/* Long short-term memory on s8 for the DSP extension: the gates of a cell are four units of a register tile. */
#ifndef EDGEGEN_LSTM_S8_DSP_H
#define EDGEGEN_LSTM_S8_DSP_H

#include "kernels/lstm_integer.h"
#include "simd/dsp_products.h"
#include "simd/unroll.h"

EDGEGEN_LSTM_CELL(dsp, edgegen_dsp_scale, edgegen_dsp_saturate_s16)

/* from_x, from_h: streams of edgegen_dsp_products, whose units are the gates, cell by cell
 * y may lie over rows of x that were read
 * scratch: padded copies of x and, from p->copy on, of h, if they are not whole quads; from p->sums on the sums
 * of a block over x and over h */
EDGEGEN_KERNEL void lstm_s8_dsp(const edgegen_lstm_integer *p, const int8_t *x, const int8_t *h, const int16_t *c,
                                const int32_t *from_x, const int32_t *from_h, const uint16_t *sigmoid,
                                uint8_t *scratch, int8_t *y, int8_t *next_h, int16_t *next_c)
{
    const edgegen_steps *const s = &p->steps;
    int32_t *const over_x = (int32_t *)(void *)(scratch + p->sums), *const over_h = over_x + 4 * p->block;
    if (next_c != c) {
        memcpy(next_c, c, (size_t)(s->batch * p->cells) * sizeof *c);
    }
    for (int32_t turn = 0; turn < s->count * s->batch; turn++) {
        const edgegen_step at = edgegen_step_of(s, turn);
        const int begins = edgegen_step_begins(s, at.time, s->count);
        const int8_t *const before = begins ? h + at.sequence * s->outputs : y + at.earlier * s->outputs;
        int8_t *const out = y + at.row * s->outputs;
        const int8_t *const row = edgegen_dsp_whole_quads(x + at.row * s->inputs, s->inputs, scratch);
        const int8_t *const last = edgegen_dsp_whole_quads(before, s->outputs, scratch + p->copy);
        const int32_t *weights_x = from_x, *weights_h = from_h;
        for (int32_t first = 0; first < p->cells; first += p->block) {
            const int32_t cells = edgegen_step_part(p->cells, p->block, first);
            weights_x = edgegen_dsp_products(row, weights_x, s->inputs, 4 * cells, p->apart, over_x);
            weights_h = edgegen_dsp_products(last, weights_h, s->outputs, 4 * cells, p->apart, over_h);
            for (int32_t j = 0; j < cells; j++) {
                int32_t z[4];
                EDGEGEN_UNROLL
                for (int32_t g = 0; g < 4; g++) {
                    const int32_t one = edgegen_dsp_scale(over_x[4 * j + g], p->from_x + 2 * g);
                    const int32_t other = edgegen_dsp_scale(over_h[4 * j + g], p->from_h + 2 * g);
                    z[g] = edgegen_dsp_saturate_s16(edgegen_dsp_saturate_s16(one) + edgegen_dsp_saturate_s16(other));
                }
                int16_t *const cell = next_c + at.sequence * p->cells + first + j;
                out[first + j] = (int8_t)edgegen_lstm_cell_dsp(p, z, sigmoid, cell);
            }
        }
        if (edgegen_step_ends(s, at.time, s->count)) {
            memcpy(next_h + at.sequence * s->outputs, out, (size_t)s->outputs);
        }
    }
}

#endif
