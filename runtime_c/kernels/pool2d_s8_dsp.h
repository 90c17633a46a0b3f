/* Pooling on s8 for the DSP extension: four channels at a time. */
#ifndef EDGEGEN_POOL2D_S8_DSP_H
#define EDGEGEN_POOL2D_S8_DSP_H

#include "kernels/pool2d.h"
#include "simd/dsp.h"

/* What becomes of a window: its largest pixel, its average, or its average at another scale. */
enum { EDGEGEN_DSP_POOL_MOST, EDGEGEN_DSP_POOL_AVERAGE, EDGEGEN_DSP_POOL_SCALED };

/* x_zero, zero_point, factor: of POOL_SCALED alone */
typedef struct {
    int32_t batch, in_h, in_w, channels, out_h, out_w, kernel_h, kernel_w;
    int32_t stride_h, stride_w, pad_top, pad_left, pooling, low, high, x_zero, zero_point;
    float factor;
} edgegen_pool2d_s8_dsp;

/* The pixels of one window that lie on the image: their number, and bytes from one to the next and from one row to the
 * next. */
typedef struct {
    int32_t rows, columns, pixel, row;
} edgegen_dsp_area;

/* sum / count rounded half away from zero. */
EDGEGEN_INLINE int32_t edgegen_dsp_rounded_average(int32_t sum, int32_t count)
{
    return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

/* Sums of four channels of one output. Those of at most 255 pixels fit s16. */
EDGEGEN_INLINE void edgegen_dsp_area_sums(const int8_t *x, const edgegen_dsp_area *a, int32_t y[4])
{
    uint32_t even = 0, odd = 0;
    for (int32_t i = 0; i < a->rows; i++) {
        const int8_t *in = x;
        for (int32_t j = a->columns; j > 0; j--) {
            const uint32_t bytes = edgegen_dsp_load(in);
            even = edgegen_dsp_even_plus(even, bytes);
            odd = edgegen_dsp_odd_plus(odd, bytes);
            in += a->pixel;
        }
        x += a->row;
    }
    y[0] = edgegen_dsp_low(even);
    y[1] = edgegen_dsp_low(odd);
    y[2] = edgegen_dsp_high(even);
    y[3] = edgegen_dsp_high(odd);
}

EDGEGEN_INLINE void edgegen_dsp_most(const int8_t *x, const edgegen_dsp_area *a, int32_t y[4])
{
    uint32_t most = UINT32_C(0x80808080);
    for (int32_t i = 0; i < a->rows; i++) {
        const int8_t *in = x;
        for (int32_t j = a->columns; j > 0; j--) {
            most = edgegen_dsp_larger(edgegen_dsp_load(in), most);
            in += a->pixel;
        }
        x += a->row;
    }
    for (int32_t i = 0; i < 4; i++) {
        y[i] = (int8_t)(most >> 8 * i & 0xffu);
    }
}

/* What four channels of an area come to, not yet clamped; factor: of POOL_SCALED. */
EDGEGEN_INLINE void edgegen_dsp_pooled(const edgegen_pool2d_s8_dsp *p, int32_t pooling, float factor, const int8_t *x,
                                       const edgegen_dsp_area *a, int32_t y[4])
{
    if (pooling == EDGEGEN_DSP_POOL_MOST) {
        edgegen_dsp_most(x, a, y);
        return;
    }
    edgegen_dsp_area_sums(x, a, y);
    const int32_t count = a->rows * a->columns;
    for (int32_t i = 0; i < 4; i++) {
        y[i] = pooling == EDGEGEN_DSP_POOL_AVERAGE
                   ? edgegen_dsp_rounded_average(y[i], count)
                   : edgegen_dsp_round((float)(y[i] - count * p->x_zero) * factor) + p->zero_point;
    }
}

EDGEGEN_INLINE void edgegen_pool2d_s8_dsp_images(const edgegen_pool2d_s8_dsp *p, int32_t pooling, const int8_t *x,
                                                 int8_t *y)
{
    const int32_t c = p->channels, row = p->in_w * c;
    for (int32_t n = 0; n < p->batch * p->out_h; n++) {
        const int32_t image = n / p->out_h, top = (n - image * p->out_h) * p->stride_h - p->pad_top;
        int32_t ky, kx;
        const int32_t rows = edgegen_dsp_taps_inside(top, 1, p->kernel_h, p->in_h, &ky);
        for (int32_t ox = 0; ox < p->out_w; ox++) {
            const int32_t left = ox * p->stride_w - p->pad_left;
            const int32_t columns = edgegen_dsp_taps_inside(left, 1, p->kernel_w, p->in_w, &kx);
            const edgegen_dsp_area a = {rows, columns, c, row};
            const float factor = pooling != EDGEGEN_DSP_POOL_SCALED
                                     ? 0.0f
                                     : edgegen_average_factor(p->factor, p->kernel_h * p->kernel_w, rows * columns);
            const int8_t *const in = x + (image * p->in_h + top + ky) * row + (left + kx) * c;
            for (int32_t k = 0; k < c; k += 4) {
                const int32_t first = edgegen_min_s32(k, c - 4); /* the last four channels may be computed again */
                int32_t results[4];
                edgegen_dsp_pooled(p, pooling, factor, in + first, &a, results);
                for (int32_t i = 0; i < 4; i++) {
                    y[first + i] = (int8_t)edgegen_clamp_s32(results[i], p->low, p->high);
                }
            }
            y += c;
        }
    }
}

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_pool2d_s8_dsp_run(const edgegen_pool2d_s8_dsp *p, const int8_t *x,
                                                                      int8_t *y)
{
    edgegen_pool2d_s8_dsp_images(
        p, p->pooling == EDGEGEN_DSP_POOL_MOST ? EDGEGEN_DSP_POOL_MOST : EDGEGEN_DSP_POOL_AVERAGE, x, y);
}

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_pool2d_s8_scaled_dsp_run(const edgegen_pool2d_s8_dsp *p,
                                                                             const int8_t *x, int8_t *y)
{
    edgegen_pool2d_s8_dsp_images(p, EDGEGEN_DSP_POOL_SCALED, x, y);
}

/* x[n,h,w,c] -> y: the average or the largest of each window's pixels on the image, for at least 4 channels. */
EDGEGEN_KERNEL void pool2d_s8_dsp(const edgegen_pool2d_s8_dsp *p, const int8_t *x, int8_t *y)
{
    edgegen_pool2d_s8_dsp_run(p, x, y);
}

/* The average at another scale. */
EDGEGEN_KERNEL void average_pool2d_s8_scaled_dsp(const edgegen_pool2d_s8_dsp *p, const int8_t *x, int8_t *y)
{
    edgegen_pool2d_s8_scaled_dsp_run(p, x, y);
}

#endif
