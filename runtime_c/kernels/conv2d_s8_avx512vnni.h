/* Convolution on s8 with AVX-512 VNNI. Activations are multiplied as u8 = s8 + 128; the bias makes up for it. */
#ifndef EDGEGEN_CONV2D_S8_AVX512VNNI_H
#define EDGEGEN_CONV2D_S8_AVX512VNNI_H

#include "kernels/pairs_avx512.h"

static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_avx512_copy_flipped(uint8_t *band, const uint8_t *x, ptrdiff_t n,
                                                                        int32_t x_zero)
{
    const __m512i flip = _mm512_set1_epi8((char)-128);
    ptrdiff_t i = 0;
    for (; i + 64 <= n; i += 64) {
        _mm512_storeu_si512(band + i, _mm512_xor_si512(_mm512_loadu_si512(x + i), flip));
    }
    const __mmask64 rest = edgegen_avx512_first(n - i);
    _mm512_mask_storeu_epi8(band + i, rest, _mm512_xor_si512(_mm512_maskz_loadu_epi8(rest, x + i), flip));
    (void)x_zero;
}

/* Windows of x times filters -> y; weights: see tiles_avx512.h; per vector an epilogue (see simd/avx512.h), per block
 * its form; runs: see edgegen_filters. */
EDGEGEN_KERNEL void conv2d_s8_avx512vnni(const edgegen_windows *p, const int8_t *x, const int8_t *weights,
                                         const int32_t *epilogue, const int32_t *forms, const int32_t *runs,
                                         uint8_t *scratch, int8_t *y)
{
    const edgegen_filters filters = { (const uint8_t *)weights, (const uint8_t *)epilogue, runs, forms };
    const edgegen_window_sizes size = { 1, 1, 1, 16, 64, EDGEGEN_EPILOGUE * 4 };
    edgegen_walk_windows(p, size, &filters, x, edgegen_avx512_copy_flipped, scratch, y);
}

/* The same for windows that can be read in place. */
EDGEGEN_KERNEL void conv2d_s8_avx512vnni_direct(const edgegen_windows *p, const int8_t *x, const int8_t *weights,
                                                const int32_t *epilogue, const int32_t *forms, const int32_t *runs,
                                                int8_t *y)
{
    conv2d_s8_avx512vnni(p, x, weights, epilogue, forms, runs, NULL, y);
}

/* The sums as they are; bias: of every lane of every vector. */
EDGEGEN_KERNEL void conv2d_s8_s32_avx512vnni(const edgegen_windows *p, const int8_t *x, const int8_t *weights,
                                             const int32_t *bias, const int32_t *runs, uint8_t *scratch, int32_t *y)
{
    const edgegen_filters filters = { (const uint8_t *)weights, (const uint8_t *)bias, runs, NULL };
    const edgegen_window_sizes size = { 1, 1, 4, 16, 64, 64 };
    edgegen_walk_windows(p, size, &filters, x, edgegen_avx512_copy_flipped, scratch, y);
}

EDGEGEN_KERNEL void conv2d_s8_s32_avx512vnni_direct(const edgegen_windows *p, const int8_t *x, const int8_t *weights,
                                                    const int32_t *bias, const int32_t *runs, int32_t *y)
{
    conv2d_s8_s32_avx512vnni(p, x, weights, bias, runs, NULL, y);
}

#endif
