/* Layers on rows or images quantized at run time, window by window: what the SIMD kernels have alike. */
#ifndef EDGEGEN_HYBRID_WINDOWS_H
#define EDGEGEN_HYBRID_WINDOWS_H

#include "kernels/hybrid.h"

/* size: bytes of a window; padded: those that its weights take, whole sixteens */
typedef struct {
    int32_t batch, in_h, in_w, channels, out_h, out_w, units, size, padded;
    int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    edgegen_hybrid_output output;
} edgegen_hybrid_windows;

/* `count` pixels of a row that starts at x, from column ix on, to `to`; outside of the image they are `fill`. */
EDGEGEN_INLINE void edgegen_hybrid_gather_run(const edgegen_hybrid_windows *p, const int8_t *x, int32_t ix,
                                              int32_t count, int32_t fill, int8_t *to)
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
EDGEGEN_INLINE void edgegen_hybrid_gather(const edgegen_hybrid_windows *p, const int8_t *image, int32_t oy, int32_t ox,
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
                edgegen_hybrid_gather_run(p, image + iy * p->in_w * p->channels, ix, count, fill, to);
            }
            to += count * p->channels;
        }
    }
}

/* Sums of a window's products with the weights of 4 units, which lie `padded` bytes apart. */
typedef void edgegen_hybrid_dots(const int8_t *window, const int8_t *weights, int32_t padded, int32_t sums[4]);

/* One output pixel: all units, of which there are at least 4, four at a time; the last four step back. */
EDGEGEN_INLINE void edgegen_hybrid_pixel(const edgegen_hybrid_windows *p, const int8_t *window, const int8_t *weights,
                                         float row, int32_t zero, const float *factors, const int32_t *sums,
                                         edgegen_hybrid_dots *dots, float *y)
{
    for (int32_t i = 0; i < p->units; i += 4) {
        const int32_t o = edgegen_min_s32(i, p->units - 4);
        int32_t acc[4];
        dots(window, weights + o * p->padded, p->padded, acc);
        for (int32_t k = 0; k < 4; k++) {
            y[o + k] = edgegen_hybrid_result(&p->output, acc[k] - zero * sums[o + k], row, factors + 2 * (o + k));
        }
    }
}

/* Defines the kernels name, for windows of one pixel of whole sixteens that lie in x, and name_gathered, for any.
 *
 * scale[n] * (x[n,h,w,c] - zero[n]) * weights[units,padded] -> y; factors[units][2]: scale and bias, sums[units]: of the
 * weights, which a zero point is multiplied by, since pixels outside of an image read as it. */
#define EDGEGEN_HYBRID_WINDOWS(name, dots)                                                                             \
    EDGEGEN_KERNEL void name(const edgegen_hybrid_windows *p, const int8_t *x, const float *scale,                     \
                             const int32_t *zero, const int8_t *weights, const float *factors, const int32_t *sums,    \
                             float *y)                                                                                 \
    {                                                                                                                  \
        for (int32_t n = 0; n < p->batch; n++) {                                                                       \
            for (int32_t oy = 0; oy < p->out_h; oy++) {                                                                \
                for (int32_t ox = 0; ox < p->out_w; ox++) {                                                            \
                    const int8_t *pixel = x + (oy * p->stride_h * p->in_w + ox * p->stride_w) * p->channels;           \
                    edgegen_hybrid_pixel(p, pixel, weights, scale[n], zero[n], factors, sums, dots, y);                \
                    y += p->units;                                                                                     \
                }                                                                                                      \
            }                                                                                                          \
            x += p->in_h * p->in_w * p->channels;                                                                      \
        }                                                                                                              \
    }                                                                                                                  \
    EDGEGEN_KERNEL void name##_gathered(const edgegen_hybrid_windows *p, const int8_t *x, const float *scale,          \
                                        const int32_t *zero, const int8_t *weights, const float *factors,              \
                                        const int32_t *sums, uint8_t *scratch, float *y)                               \
    {                                                                                                                  \
        int8_t *const window = (int8_t *)scratch;                                                                      \
        memset(window + p->size, 0, (size_t)(p->padded - p->size));                                                    \
        for (int32_t n = 0; n < p->batch; n++) {                                                                       \
            for (int32_t oy = 0; oy < p->out_h; oy++) {                                                                \
                for (int32_t ox = 0; ox < p->out_w; ox++) {                                                            \
                    edgegen_hybrid_gather(p, x, oy, ox, zero[n], window);                                              \
                    edgegen_hybrid_pixel(p, window, weights, scale[n], zero[n], factors, sums, dots, y);               \
                    y += p->units;                                                                                     \
                }                                                                                                      \
            }                                                                                                          \
            x += p->in_h * p->in_w * p->channels;                                                                      \
        }                                                                                                              \
    }

#endif
