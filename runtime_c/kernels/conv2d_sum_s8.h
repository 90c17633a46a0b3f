/* Convolution on s8 and the sum of its result with another image, portable: one after the other, the sum in place. */
#ifndef EDGEGEN_CONV2D_SUM_S8_H
#define EDGEGEN_CONV2D_SUM_S8_H

#include "kernels/binary_quantized.h"
#include "kernels/conv2d_s8.h"

typedef struct {
    edgegen_conv2d_s8 convolution;
    edgegen_add_quantized sum; /* of what the convolution gives and the skip */
} edgegen_conv2d_sum_s8;

/* Defines the kernel conv2d_sum_s8<way>: conv2d_s8<way> of x, plus skip. y may not lie over skip. */
#define EDGEGEN_CONV2D_SUM_S8(way)                                                                                     \
    EDGEGEN_KERNEL void conv2d_sum_s8##way(const edgegen_conv2d_sum_s8 *p, const int8_t *x, const int8_t *skip,        \
                                           const int8_t *weights, const int32_t *epilogue, int8_t *y)                  \
    {                                                                                                                  \
        conv2d_s8##way(&p->convolution, x, weights, epilogue, y);                                                      \
        add_s8(&p->sum, y, skip, y);                                                                                   \
    }

EDGEGEN_CONV2D_SUM_S8()
EDGEGEN_CONV2D_SUM_S8(_scaled)

#endif
