/* Loops of portable kernels over images, of any strides, padding and layout order.
 *
 * Their params p hold batch, in_h, in_w, out_h, out_w, kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w,
 * pad_top, pad_left and, in elements along n, h, w, c, in_stride[4] and out_stride[4]. */
#ifndef EDGEGEN_IMAGE_LOOPS_H
#define EDGEGEN_IMAGE_LOOPS_H

#include "edgegen.h"

/* For each pixel of the output. Declares n, oy and ox. */
#define EDGEGEN_EACH_PIXEL                                                                                             \
    for (int32_t n = 0; n < p->batch; n++)                                                                             \
    for (int32_t oy = 0; oy < p->out_h; oy++)                                                                          \
    for (int32_t ox = 0; ox < p->out_w; ox++)

/* For each channel of each pixel of the output, from the last to the first if p->backward says so. Declares n, oy, ox
 * and o. */
#define EDGEGEN_EACH_OUTPUT(channels)                                                                                  \
    EDGEGEN_EACH(n, p->batch, p->backward)                                                                             \
    EDGEGEN_EACH(oy, p->out_h, p->backward)                                                                            \
    EDGEGEN_EACH(ox, p->out_w, p->backward)                                                                            \
    EDGEGEN_EACH(o, channels, p->backward)

/* Of a window's taps along an axis, which are `dilation` pixels apart from pixel `origin` on: the first that lies on the
 * image, and the one after the last. */
EDGEGEN_INLINE int32_t edgegen_first_tap(int32_t origin, int32_t dilation)
{
    return origin < 0 ? (dilation - 1 - origin) / dilation : 0;
}

EDGEGEN_INLINE int32_t edgegen_end_tap(int32_t origin, int32_t dilation, int32_t taps, int32_t size)
{
    return edgegen_min_s32(taps, (size - origin + dilation - 1) / dilation);
}

/* For each tap k on the image, which lies at pixel i. */
#define EDGEGEN_TAPS(k, i, origin, dilation, taps, size)                                                               \
    for (int32_t k = edgegen_first_tap(origin, dilation), k##_end = edgegen_end_tap(origin, dilation, taps, size),     \
                 i = (origin) + k * (dilation);                                                                        \
         k < k##_end; k++, i += (dilation))

/* For each pixel of the output pixel's window that lies on the image. Declares ky, kx, iy and ix. */
#define EDGEGEN_EACH_TAP                                                                                               \
    EDGEGEN_TAPS(ky, iy, oy * p->stride_h - p->pad_top, p->dilation_h, p->kernel_h, p->in_h)                           \
    EDGEGEN_TAPS(kx, ix, ox * p->stride_w - p->pad_left, p->dilation_w, p->kernel_w, p->in_w)

/* The taps of the output pixel's window that lie on the image, for kernels that add up a few of one channel: `statement`
 * hands them to an inline function. `rows` times `columns` taps, from tap (ky, kx) on, which lies at pixel (iy, ix).
 * The statement stands here twice: where all the window lies on the image, its taps are as many as is known ahead of
 * time, and compilers unroll the function's loops. */
#define EDGEGEN_VISIT_TAPS(statement)                                                                                  \
    {                                                                                                                  \
        const int32_t top = oy * p->stride_h - p->pad_top, left = ox * p->stride_w - p->pad_left;                      \
        if (top >= 0 && top + (p->kernel_h - 1) * p->dilation_h < p->in_h && left >= 0 &&                              \
            left + (p->kernel_w - 1) * p->dilation_w < p->in_w) {                                                      \
            const int32_t ky = 0, kx = 0, iy = top, ix = left, rows = p->kernel_h, columns = p->kernel_w;              \
            statement;                                                                                                 \
        } else {                                                                                                       \
            const int32_t ky = edgegen_first_tap(top, p->dilation_h), iy = top + ky * p->dilation_h;                   \
            const int32_t kx = edgegen_first_tap(left, p->dilation_w), ix = left + kx * p->dilation_w;                 \
            const int32_t rows = edgegen_end_tap(top, p->dilation_h, p->kernel_h, p->in_h) - ky;                       \
            const int32_t columns = edgegen_end_tap(left, p->dilation_w, p->kernel_w, p->in_w) - kx;                   \
            statement;                                                                                                 \
        }                                                                                                              \
    }

/* Where the image's channel lies in x, and the output's in y. */
#define EDGEGEN_TAP(channel)                                                                                           \
    (n * p->in_stride[0] + iy * p->in_stride[1] + ix * p->in_stride[2] + (channel) * p->in_stride[3])
#define EDGEGEN_OUTPUT(channel)                                                                                        \
    (n * p->out_stride[0] + oy * p->out_stride[1] + ox * p->out_stride[2] + (channel) * p->out_stride[3])

#endif
