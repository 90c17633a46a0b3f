/* Windows of s8 images gathered in scratch, one at a time, for kernels that read each as one run. */
#ifndef EDGEGEN_GATHER_WINDOW_H
#define EDGEGEN_GATHER_WINDOW_H

#include "edgegen.h"

/* size: bytes of a window; padded: those that its weights take, in whole steps of the kernel
 * backward: from the last pixel of the output to the first */
typedef struct {
    int32_t batch, in_h, in_w, channels, out_h, out_w, units, size, padded;
    int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left, backward;
} edgegen_gathered;

/* `count` pixels of a row that starts at x, from column ix on, to `to`; outside of the image they are `fill`. */
EDGEGEN_INLINE void edgegen_gather_run(const edgegen_gathered *p, const int8_t *x, int32_t ix, int32_t count,
                                       int32_t fill, int8_t *to)
{
    const int32_t before = edgegen_clamp_s32(-ix, 0, count), after = edgegen_clamp_s32(ix + count - p->in_w, 0, count);
    const int32_t inside = count - before - after;
    if (inside <= 0) {
        memset(to, fill, (size_t)(count * p->channels));
        return;
    }
    memset(to, fill, (size_t)(before * p->channels));
    memcpy(to + before * p->channels, x + (ix + before) * p->channels, (size_t)(inside * p->channels));
    memset(to + (before + inside) * p->channels, fill, (size_t)(after * p->channels));
}

/* The window of one output pixel of an image, to `to`. */
EDGEGEN_INLINE void edgegen_gather_window(const edgegen_gathered *p, const int8_t *image, int32_t oy, int32_t ox,
                                          int32_t fill, int8_t *to)
{
    const int32_t runs = p->dilation_w == 1 ? 1 : p->kernel_w, count = p->dilation_w == 1 ? p->kernel_w : 1;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t iy = oy * p->stride_h + ky * p->dilation_h - p->pad_top;
        for (int32_t kx = 0; kx < runs; kx++) {
            if (iy < 0 || iy >= p->in_h) {
                memset(to, fill, (size_t)(count * p->channels));
            } else {
                const int32_t ix = ox * p->stride_w + kx * p->dilation_w - p->pad_left;
                edgegen_gather_run(p, image + iy * p->in_w * p->channels, ix, count, fill, to);
            }
            to += count * p->channels;
        }
    }
}

/* A window of one pixel, which lies in its image. */
EDGEGEN_INLINE const int8_t *edgegen_window_in_place(const edgegen_gathered *g, const int8_t *image, int32_t oy,
                                                     int32_t ox)
{
    return image + (oy * g->stride_h * g->in_w + ox * g->stride_w) * g->channels;
}

/* The output pixels n, oy, ox of x's images, from either end: finds the window of each and computes the pixel. */
#define EDGEGEN_WINDOW_EACH(g, find, pixel)                                                                            \
    const int32_t next = (g)->backward != 0 ? -(g)->units : (g)->units;                                                \
    y += (g)->backward != 0 ? ((g)->batch * (g)->out_h * (g)->out_w - 1) * (g)->units : 0;                             \
    EDGEGEN_EACH(n, (g)->batch, (g)->backward) {                                                                       \
        const int8_t *const image = x + n * (g)->in_h * (g)->in_w * (g)->channels;                                     \
        EDGEGEN_EACH(oy, (g)->out_h, (g)->backward) {                                                                  \
            EDGEGEN_EACH(ox, (g)->out_w, (g)->backward) {                                                              \
                find;                                                                                                  \
                pixel;                                                                                                 \
                y += next;                                                                                             \
            }                                                                                                          \
        }                                                                                                              \
    }

/* Defines the kernels name, for windows of one pixel of whole steps that lie in x, and name_gathered, for any.
 *
 * type:     of the params, whose first member is `windows`
 * of_y:     type of y's elements
 * values:   what the kernel is given between x and scratch, in parentheses
 * fill:     what pixels outside of image n read as
 * pixel:    computes all units of one output pixel n from its `window` to y */
#define EDGEGEN_WINDOW_KERNELS(name, type, of_y, values, fill, pixel)                                                  \
    EDGEGEN_KERNEL void name(const type *p, const int8_t *x, EDGEGEN_WINDOW_VALUES values, of_y *y)                    \
    {                                                                                                                  \
        const edgegen_gathered *const g = &p->windows;                                                                 \
        EDGEGEN_WINDOW_EACH(g, const int8_t *const window = edgegen_window_in_place(g, image, oy, ox), pixel)          \
    }                                                                                                                  \
    EDGEGEN_KERNEL void name##_gathered(const type *p, const int8_t *x, EDGEGEN_WINDOW_VALUES values,                  \
                                        uint8_t *scratch, of_y *y)                                                     \
    {                                                                                                                  \
        const edgegen_gathered *const g = &p->windows;                                                                 \
        int8_t *const window = (int8_t *)scratch;                                                                      \
        memset(window + g->size, 0, (size_t)(g->padded - g->size));                                                    \
        EDGEGEN_WINDOW_EACH(g, edgegen_gather_window(g, image, oy, ox, fill, window), pixel)                           \
    }

#define EDGEGEN_WINDOW_VALUES(...) __VA_ARGS__

#endif
