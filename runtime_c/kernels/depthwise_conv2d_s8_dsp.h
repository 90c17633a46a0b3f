/* Depthwise convolution on s8 for the DSP extension, one filter a channel. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_S8_DSP_H
#define EDGEGEN_DEPTHWISE_CONV2D_S8_DSP_H

#include "simd/dsp_columns.h"
#include "simd/dsp_columns_2.h"
#include "simd/dsp_filter.h"

/* channels: that are computed, of the `step` that pixels of x and y have
 * width: columns of scratch: those of the image that are used, between pads; per_channel: words of the stream
 * strip: outputs that are computed from the columns in scratch: out_w, or for stride 2 fewer, which takes less scratch */
typedef struct {
    int32_t batch, in_h, in_w, channels, step, out_h, out_w, stride, pad_top, pad_left, width, strip, per_channel, x_zero;
    int32_t low, high;
} edgegen_depthwise_conv2d_s8_dsp_3x3;

/* Of pixels that are `step` apart, the channels that were computed. */
EDGEGEN_INLINE void edgegen_depthwise_dsp_clamp(int8_t *y, int32_t pixels, int32_t channels, int32_t step, int32_t low,
                                                int32_t high)
{
    const int32_t rows = channels < step ? pixels : 1, row = channels < step ? channels : pixels * channels;
    for (int32_t i = 0; i < rows; i++) {
        edgegen_dsp_clamp(y + i * step, row, low, high);
    }
}

/* The pair of rows y and y + 1 of an image, four channels, into one of the two pairs of scratch. */
EDGEGEN_INLINE void edgegen_depthwise_dsp_fill(const edgegen_depthwise_conv2d_s8_dsp_3x3 *p, const int8_t *image,
                                               int32_t y, uint32_t *words, const edgegen_dsp_fill *f)
{
    const int32_t row = p->in_w * p->step;
    const int8_t *const upper = y >= 0 && y < p->in_h ? image + y * row : NULL;
    const int8_t *const lower = y + 1 >= 0 && y + 1 < p->in_h ? image + (y + 1) * row : NULL;
    if (upper != NULL || lower != NULL) {
        edgegen_dsp_fill_pairs(words, upper, lower, f);
        return;
    }
    for (int32_t c = 0; c < 4; c++) {
        for (int32_t k = 0; k < f->columns; k++) {
            words[c * (f->channel / 4) + 2 * k] = f->zero;
        }
    }
}

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void
edgegen_depthwise_dsp_3x3_run(const edgegen_depthwise_conv2d_s8_dsp_3x3 *p, const int8_t *x, const int32_t *stream,
                              uint8_t *scratch, int8_t *y, edgegen_dsp_rows *compute)
{
    uint32_t *const words = (uint32_t *)(void *)scratch, *const inside = words + 2 * p->pad_left;
    const int32_t c = p->channels, step = p->step, rows = p->stride == 1 ? 2 : 1;
    const uint32_t zero = edgegen_dsp_pair(p->x_zero * 256, p->x_zero * 256);
    const edgegen_dsp_fill f = {edgegen_min_s32(p->in_w, p->width - p->pad_left), step, 8 * p->width, zero};
    for (int32_t k = 0; k < 8 * p->width; k++) {
        words[k] = zero;
    }
    for (int32_t n = 0; n < p->batch; n++) {
        for (int32_t k = 0; k < c; k += 4) {
            const int32_t first = edgegen_min_s32(k, c - 4);
            const int8_t *const image = x + n * p->in_h * p->in_w * step + first;
            int8_t *out = y + n * p->out_h * p->out_w * step + first;
            edgegen_dsp_row t = {p->out_w, step, 8 * p->width, p->out_w * step, 1};
            int32_t top = -p->pad_top;
            edgegen_depthwise_dsp_fill(p, image, top, inside, &f);
            for (int32_t oy = 0; oy < p->out_h; oy += rows) {
                t.turned = 1 - t.turned;
                t.below = oy + 1 < p->out_h ? p->out_w * step : 0;
                edgegen_depthwise_dsp_fill(p, image, top + 2, inside + 1 - t.turned, &f);
                compute(words, stream + k * p->per_channel, out, &t);
                out += rows * p->out_w * step;
                top += 2;
            }
        }
    }
}

/* Columns of padding, from one to before another, in both pairs of four channels. */
EDGEGEN_INLINE void edgegen_depthwise_dsp_pad(uint32_t *words, int32_t first, int32_t end, const edgegen_dsp_fill *f)
{
    for (int32_t k = first; k < end; k++) {
        for (int32_t c = 0; c < 4; c++) {
            words[c * (f->channel / 4) + 2 * k] = words[c * (f->channel / 4) + 2 * k + 1] = f->zero;
        }
    }
}

/* The same for stride 2, a row of outputs in strips, for each of which both pairs of rows are filled anew. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void
edgegen_depthwise_dsp_3x3_strips(const edgegen_depthwise_conv2d_s8_dsp_3x3 *p, const int8_t *x, const int32_t *stream,
                                 uint8_t *scratch, int8_t *y, edgegen_dsp_rows *compute)
{
    uint32_t *const words = (uint32_t *)(void *)scratch;
    const int32_t c = p->channels, step = p->step, blocks = (c + 3) / 4, strips = (p->out_w + p->strip - 1) / p->strip;
    const uint32_t zero = edgegen_dsp_pair(p->x_zero * 256, p->x_zero * 256);
    for (int32_t k = 0; k < p->batch * blocks; k++) {
        const int32_t n = k / blocks, first = edgegen_min_s32(k % blocks * 4, c - 4);
        for (int32_t i = 0; i < p->out_h * strips; i++) {
            const int32_t oy = i / strips, ox = i % strips * p->strip;
            const edgegen_dsp_row t = {edgegen_min_s32(p->strip, p->out_w - ox), step, 8 * p->width, 0, 0};
            const int32_t left = 2 * ox - p->pad_left, end = left + 2 * t.out_w + 1;
            const int32_t from = edgegen_max_s32(left, 0), to = edgegen_min_s32(end, p->in_w);
            const edgegen_dsp_fill f = {to - from, step, 8 * p->width, zero};
            edgegen_depthwise_dsp_pad(words, 0, from - left, &f);
            edgegen_depthwise_dsp_pad(words, to - left, end - left, &f);
            const int8_t *const image = x + (n * p->in_h * p->in_w + from) * step + first;
            const int32_t top = 2 * oy - p->pad_top;
            edgegen_depthwise_dsp_fill(p, image, top, words + 2 * (from - left), &f);
            edgegen_depthwise_dsp_fill(p, image, top + 2, words + 2 * (from - left) + 1, &f);
            compute(words, stream + k % blocks * 4 * p->per_channel,
                    y + ((n * p->out_h + oy) * p->out_w + ox) * step + first, &t);
        }
    }
}

EDGEGEN_INLINE void edgegen_depthwise_dsp_3x3(const edgegen_depthwise_conv2d_s8_dsp_3x3 *p, const int8_t *x,
                                              const int32_t *stream, uint8_t *scratch, int8_t *y,
                                              edgegen_dsp_rows *stride_1, edgegen_dsp_rows *stride_2)
{
    if (p->strip < p->out_w) {
        edgegen_depthwise_dsp_3x3_strips(p, x, stream, scratch, y, stride_2);
    } else {
        edgegen_depthwise_dsp_3x3_run(p, x, stream, scratch, y, p->stride == 1 ? stride_1 : stride_2);
    }
    if (p->low > -128 || p->high < 127) {
        edgegen_depthwise_dsp_clamp(y, p->batch * p->out_h * p->out_w, p->channels, p->step, p->low, p->high);
    }
}

/* x[n,h,w,c] filtered by stream -> y, kernel 3x3, stride 1 or 2, at least 4 channels. The stream has a block of four
 * channels after the other, the last of which ends with the last channel: simd/dsp_columns.h and dsp_columns_2.h. */
EDGEGEN_KERNEL void depthwise_conv2d_s8_dsp_3x3(const edgegen_depthwise_conv2d_s8_dsp_3x3 *p, const int8_t *x,
                                                const int32_t *stream, uint8_t *scratch, int8_t *y)
{
    edgegen_depthwise_dsp_3x3(p, x, stream, scratch, y, edgegen_dsp_rows_3x3, edgegen_dsp_row_3x3_2);
}

/* The same where results on both sides of the zero point need a correction. */
EDGEGEN_KERNEL void depthwise_conv2d_s8_dsp_3x3_corrected(const edgegen_depthwise_conv2d_s8_dsp_3x3 *p, const int8_t *x,
                                                          const int32_t *stream, uint8_t *scratch, int8_t *y)
{
    edgegen_depthwise_dsp_3x3(p, x, stream, scratch, y, edgegen_dsp_rows_3x3_corrected,
                              edgegen_dsp_row_3x3_2_corrected);
}

/* block: words of the stream for each four channels; multipliers: where in it those of accumulators begin */
typedef struct {
    int32_t batch, in_h, in_w, channels, step, out_h, out_w, kernel_h, kernel_w;
    int32_t stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    int32_t block, multipliers, form, shift, x_zero, zero_point, low, high;
} edgegen_depthwise_conv2d_s8_dsp;

/* One output pixel, `f` set up for it: all whole blocks of four channels, then the last four again. y_size: bytes of
 * y's elements: 1 for results, 4 for accumulators as they are */
EDGEGEN_INLINE void edgegen_depthwise_dsp_pixel(const edgegen_depthwise_conv2d_s8_dsp *p, const int8_t *x,
                                                const int32_t *stream, edgegen_dsp_filter *f, int32_t y_size,
                                                uint8_t *y)
{
    const int32_t c = p->channels;
    if (p->form != EDGEGEN_DSP_ACCUMULATOR || y_size == 4) {
        f->blocks = c / 4;
        edgegen_dsp_filter_pixel(x, stream, y, f);
        if (c % 4 != 0) {
            f->blocks = 1;
            edgegen_dsp_filter_pixel(x + c - 4, stream + c / 4 * p->block, y + (c - 4) * y_size, f);
        }
        return;
    }
    f->blocks = 1;
    for (int32_t k = 0; k < c; k += 4) {
        const int32_t first = edgegen_min_s32(k, c - 4);
        int32_t acc[4];
        edgegen_dsp_filter_pixel(x + first, stream + k / 4 * p->block, (uint8_t *)acc, f);
        edgegen_dsp_finish(acc, stream + p->multipliers + 2 * first, 4, p->shift, p->zero_point, p->low, p->high,
                           (int8_t *)y + first);
    }
}

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_depthwise_dsp_run(const edgegen_depthwise_conv2d_s8_dsp *p,
                                                                      const int8_t *x, const int32_t *stream,
                                                                      int32_t y_size, uint8_t *y)
{
    const int32_t c = p->step, row = p->in_w * c;
    const int32_t down = p->kernel_w == 1; /* a column is read as if it were a row */
    edgegen_dsp_filter f = {0, 0, 0, p->dilation_h * row, down != 0 ? p->dilation_h * row : p->dilation_w * c, 0, 0,
                            4 * p->block, edgegen_dsp_pair(-p->x_zero, -p->x_zero), p->form, p->shift};
    for (int32_t n = 0; n < p->batch; n++) {
        for (int32_t oy = 0; oy < p->out_h; oy++) {
            const int32_t top = oy * p->stride_h - p->pad_top;
            int32_t ky, kx;
            const int32_t rows = edgegen_dsp_taps_inside(top, p->dilation_h, p->kernel_h, p->in_h, &ky);
            const int8_t *const upper = x + (top + ky * p->dilation_h) * row;
            for (int32_t ox = 0; ox < p->out_w; ox++) {
                const int32_t left = ox * p->stride_w - p->pad_left;
                const int32_t columns = edgegen_dsp_taps_inside(left, p->dilation_w, p->kernel_w, p->in_w, &kx);
                f.rows = down != 0 ? 1 : rows;
                f.columns = down != 0 ? rows : columns;
                f.first = 16 + 8 * (ky * p->kernel_w + kx);
                f.skip = 8 * (p->kernel_w - columns);
                edgegen_depthwise_dsp_pixel(p, upper + (left + kx * p->dilation_w) * c, stream, &f, y_size, y);
                y += c * y_size;
            }
        }
        x += p->in_h * row;
    }
}

/* x[n,h,w,c] filtered by stream -> y, every window over the image by at least one tap, at least 4 channels. The stream
 * is edgegen_dsp_filter_pixel's, the last block of which ends with the last channel; after all blocks, for
 * accumulators, multiplier and shift of each channel. */
EDGEGEN_KERNEL void depthwise_conv2d_s8_dsp(const edgegen_depthwise_conv2d_s8_dsp *p, const int8_t *x,
                                            const int32_t *stream, int8_t *y)
{
    edgegen_depthwise_dsp_run(p, x, stream, 1, (uint8_t *)y);
    if (p->form != EDGEGEN_DSP_ACCUMULATOR && (p->low > -128 || p->high < 127)) {
        edgegen_depthwise_dsp_clamp(y, p->batch * p->out_h * p->out_w, p->channels, p->step, p->low, p->high);
    }
}

#endif
