/* Dense layer on s8 with AVX-512 VNNI: a convolution whose window is a row of x. */
#ifndef EDGEGEN_DENSE_S8_AVX512VNNI_H
#define EDGEGEN_DENSE_S8_AVX512VNNI_H

#include "kernels/conv2d_s8_avx512vnni.h"

EDGEGEN_KERNEL void dense_s8_avx512vnni(const edgegen_windows *p, const int8_t *x, const int8_t *weights,
                                        const int32_t *epilogue, const int32_t *forms, const int32_t *runs,
                                        uint8_t *scratch, int8_t *y)
{
    conv2d_s8_avx512vnni(p, x, weights, epilogue, forms, runs, scratch, y);
}

/* The same for rows of whole steps, which are read in place. */
EDGEGEN_KERNEL void dense_s8_avx512vnni_direct(const edgegen_windows *p, const int8_t *x, const int8_t *weights,
                                               const int32_t *epilogue, const int32_t *forms, const int32_t *runs,
                                               int8_t *y)
{
    conv2d_s8_avx512vnni(p, x, weights, epilogue, forms, runs, NULL, y);
}

#endif
