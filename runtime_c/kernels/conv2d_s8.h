/* Convolution on s8, portable: any strides, dilation, padding, groups and layout order. */
#ifndef EDGEGEN_CONV2D_S8_H
#define EDGEGEN_CONV2D_S8_H

#include "kernels/conv2d.h"

/* x[n,h,w,c] * (weights[units,kh,kw,depth] + weight_offset) + epilogue -> y; epilogue[units][3]: bias, multiplier,
 * shift. Defines edgegen_conv2d_s8_<name>, which requantizes by a function and gives a type, limited or not. */
#define EDGEGEN_CONV2D_S8(name, type, requantize, limit)                                                               \
    EDGEGEN_INLINE void edgegen_conv2d_s8_##name(const edgegen_conv2d_s8 *p, const int8_t *x, const int8_t *weights,   \
                                               int32_t weight_offset, const int32_t *epilogue, type *y)                \
    {                                                                                                                  \
        EDGEGEN_EACH_OUTPUT(p->units) {                                                                     \
            const int32_t first = EDGEGEN_FIRST_CHANNEL(p, o);                                                         \
            int32_t acc = epilogue[3 * o];                                                                             \
            EDGEGEN_EACH_TAP {                                                                                         \
                const int8_t *in = x + EDGEGEN_TAP(first);                                                             \
                const int8_t *w = weights + ((o * p->kernel_h + ky) * p->kernel_w + kx) * p->depth;                    \
                for (int32_t c = 0; c < p->depth; c++) {                                                               \
                    acc += (in[c * p->in_stride[3]] - p->x_zero) * (w[c] + weight_offset);                             \
                }                                                                                                      \
            }                                                                                                          \
            acc = requantize(acc, epilogue[3 * o + 1], epilogue[3 * o + 2]) + p->zero_point;                           \
            y[EDGEGEN_OUTPUT(o)] = limit;                                                                              \
        }                                                                                                              \
    }

EDGEGEN_CONV2D_S8(twice, int8_t, edgegen_requantize, (int8_t)edgegen_clamp_s32(acc, p->low, p->high))
EDGEGEN_CONV2D_S8(scaled, int8_t, edgegen_requantize_scaled, (int8_t)edgegen_clamp_s32(acc, p->low, p->high))
EDGEGEN_CONV2D_S8(sums, int32_t, edgegen_requantize_not, acc)

/* Defines the kernel <kernel> and, for weights less an offset, <kernel>_offset. */
#define EDGEGEN_CONV2D_S8_KERNELS(kernel, name, type)                                                                  \
    EDGEGEN_KERNEL void kernel(const edgegen_conv2d_s8 *p, const int8_t *x, const int8_t *weights,                     \
                               const int32_t *epilogue, type *y)                                                       \
    {                                                                                                                  \
        edgegen_conv2d_s8_##name(p, x, weights, 0, epilogue, y);                                                       \
    }                                                                                                                  \
    EDGEGEN_KERNEL void kernel##_offset(const edgegen_conv2d_s8 *p, const int8_t *x, const int8_t *weights,            \
                                        const int32_t *epilogue, type *y)                                              \
    {                                                                                                                  \
        edgegen_conv2d_s8_##name(p, x, weights, p->weight_offset, epilogue, y);                                        \
    }

EDGEGEN_CONV2D_S8_KERNELS(conv2d_s8, twice, int8_t)
EDGEGEN_CONV2D_S8_KERNELS(conv2d_s8_scaled, scaled, int8_t)
EDGEGEN_CONV2D_S8_KERNELS(conv2d_s8_s32, sums, int32_t)

#endif
