/* What the depthwise convolutions on AArch64 share. Channels are computed in blocks of 16, 8 or 4. */
#ifndef EDGEGEN_DEPTHWISE_CONV2D_NEON_H
#define EDGEGEN_DEPTHWISE_CONV2D_NEON_H

#include "kernels/conv2d_neon.h"

/* window: its runs are single pixels; for 3x3 kernels, whole rows of the image, padding left and right not included
 * left:   pixels of padding on the left, and
 * sides:  whether there is padding on the left or right, that 3x3 kernels put in themselves
 * apart:  sums of two products may overflow s16 */
typedef struct {
    int32_t batch, out_h, left, sides, apart;
    edgegen_neon_window window;
    edgegen_neon_output output;
} edgegen_depthwise_conv2d_s8_neon;

typedef struct {
    int32_t batch, out_h, left, sides;
    edgegen_neon_window window;
    edgegen_neon_output_f32 output;
} edgegen_depthwise_conv2d_f32_neon;

/* Rows of two output rows from oy on, for 3x3 kernels. border: a row of padding, for those above or below the image. */
EDGEGEN_INLINE edgegen_neon_rows edgegen_depthwise_band(const edgegen_neon_window *w, const uint8_t *x,
                                                       const uint8_t *border, int32_t oy)
{
    edgegen_neon_rows band;
    for (int32_t ky = 0; ky < w->kernel_h; ky++) {
        const int32_t iy = oy / 2 * w->stride_h - w->pad_top + ky;
        band.run[ky] = w->border > 0 && (iy < 0 || iy >= w->in_h) ? border : x + iy * w->row;
    }
    band.runs = w->kernel_h;
    band.bytes = w->run;
    band.step = w->stride_w * w->pixel;
    return band;
}

/* Whether 3x3 kernels take several pixels in turn, so that no column moves from register to register. */
#if defined(EDGEGEN_OPTIMIZE_SIZE)
#define EDGEGEN_DEPTHWISE_UNROLLED 0
#else
#define EDGEGEN_DEPTHWISE_UNROLLED 1
#endif

/* Whether the pixel `at` bytes from a row's first one is on the image. */
EDGEGEN_INLINE int32_t edgegen_depthwise_inside(const edgegen_neon_window *w, int32_t sides, int32_t at)
{
    return !sides || (uint32_t)at < (uint32_t)w->row;
}

/* Defines a kernel for windows of 3x3 pixels, x[n,h,w,c] * weights -> y, without padding above or below, and the kernel
 * name_bordered, for windows that reach there, where they find the row `border`.
 *
 * ROWS: computes `block` channels of two output rows, with `taken` weights and `ends` numbers of the epilogue */
#define EDGEGEN_DEPTHWISE_BANDS(name, params, type, number, block, taken, ends, ROWS)                                  \
    EDGEGEN_KERNEL void edgegen_##name##_bands(const params *p, const type *x, const type *weights,                    \
                                               const number *epilogue, const type *border, type *y)                    \
    {                                                                                                                  \
        const int32_t channels = p->output.step, row = p->window.out_w * channels;                                     \
        for (int32_t n = 0; n < p->batch; n++) {                                                                       \
            for (int32_t oy = 0; oy < p->out_h; oy += 2) {                                                             \
                const edgegen_neon_rows rows = edgegen_depthwise_band(                                                 \
                    &p->window, (const uint8_t *)(const void *)x, (const uint8_t *)(const void *)border, oy);          \
                const type *w = weights;                                                                               \
                const number *e = epilogue;                                                                            \
                for (int32_t first = 0; first < channels; first += block) {                                            \
                    ROWS(p, &rows, edgegen_min_s32(first, channels - block), oy + 1 < p->out_h, w, e, y);              \
                    w += taken;                                                                                        \
                    e += ends;                                                                                         \
                }                                                                                                      \
                y += 2 * row;                                                                                          \
            }                                                                                                          \
            y -= p->out_h % 2 * row;                                                                                   \
            x += p->window.in_h * p->window.in_w * channels;                                                           \
        }                                                                                                              \
    }                                                                                                                  \
    EDGEGEN_KERNEL void name(const params *p, const type *x, const type *weights, const number *epilogue, type *y)     \
    {                                                                                                                  \
        edgegen_##name##_bands(p, x, weights, epilogue, NULL, y);                                                      \
    }                                                                                                                  \
    EDGEGEN_KERNEL void name##_bordered(const params *p, const type *x, const type *weights, const number *epilogue,   \
                                        const type *border, type *y)                                                   \
    {                                                                                                                  \
        edgegen_##name##_bands(p, x, weights, epilogue, border, y);                                                    \
    }

/* Defines edgegen_neon_pixels_<suffix>, vectors of the input rows of two output rows: of 4, or of 5 at stride 2; and
 * edgegen_depthwise_pixels_<suffix>, which loads those of one column, each from a pointer to bytes. */
#define EDGEGEN_DEPTHWISE_PIXELS(suffix, vector, LOAD, zero)                                                           \
    typedef struct {                                                                                                   \
        vector r0, r1, r2, r3, r4;                                                                                     \
    } edgegen_neon_pixels_##suffix;                                                                                    \
    EDGEGEN_INLINE edgegen_neon_pixels_##suffix edgegen_depthwise_pixels_##suffix(                                     \
        const edgegen_depthwise_conv2d_f32_neon *p, const uint8_t *const x[5], int32_t at)                             \
    {                                                                                                                  \
        edgegen_neon_pixels_##suffix c;                                                                                \
        if (edgegen_depthwise_inside(&p->window, p->sides, at)) {                                                      \
            c.r0 = LOAD(x[0] + at);                                                                                    \
            c.r1 = LOAD(x[1] + at);                                                                                    \
            c.r2 = LOAD(x[2] + at);                                                                                    \
            c.r3 = LOAD(x[3] + at);                                                                                    \
            c.r4 = p->window.stride_w == 1 ? c.r3 : LOAD(x[4] + at);                                                   \
        } else {                                                                                                       \
            c.r0 = c.r1 = c.r2 = c.r3 = c.r4 = zero;                                                                   \
        }                                                                                                              \
        return c;                                                                                                      \
    }

#endif
