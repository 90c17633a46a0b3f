/* Dense layer on s8 with AVX2: several rows are a convolution whose window is a row of x, one row is read in place. */
#ifndef EDGEGEN_DENSE_S8_AVX2_H
#define EDGEGEN_DENSE_S8_AVX2_H

#include "kernels/conv2d_s8_avx2.h"

/* Several rows: weights are kept as s16. */
EDGEGEN_KERNEL void dense_s8_avx2(const edgegen_windows *p, const int8_t *x, const int16_t *weights,
                                  const int32_t *epilogue, const int32_t *forms, const int32_t *runs,
                                  uint8_t *scratch, int8_t *y)
{
    conv2d_s8_avx2(p, x, weights, epilogue, forms, runs, scratch, y);
}

typedef struct {
    int32_t depth, units, zero_point, low, high;
} edgegen_dense_row_avx2;

EDGEGEN_INLINE __m256i edgegen_avx2_widened(const void *p)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)p));
}

/* Of 8 units: sums over x[depth]; weights s8 [16 of x][unit][16], with zeros behind the row. */
EDGEGEN_INLINE __m256i edgegen_avx2_row_sums(const int8_t *x, int32_t depth, const int8_t *weights)
{
    const __m256i zero = _mm256_setzero_si256();
    __m256i a = zero, b = zero, c = zero, d = zero, e = zero, f = zero, g = zero, h = zero;
    for (int32_t k = 0; k < depth; k += 16, weights += 8 * 16) {
        const int32_t left = depth - k;
        const __m256i v = left >= 16
                              ? edgegen_avx2_widened(x + k)
                              : _mm256_cvtepi8_epi16(edgegen_avx2_load_first((const uint8_t *)x + k, left));
        a = edgegen_avx2_dot(a, v, edgegen_avx2_widened(weights));
        b = edgegen_avx2_dot(b, v, edgegen_avx2_widened(weights + 16));
        c = edgegen_avx2_dot(c, v, edgegen_avx2_widened(weights + 32));
        d = edgegen_avx2_dot(d, v, edgegen_avx2_widened(weights + 48));
        e = edgegen_avx2_dot(e, v, edgegen_avx2_widened(weights + 64));
        f = edgegen_avx2_dot(f, v, edgegen_avx2_widened(weights + 80));
        g = edgegen_avx2_dot(g, v, edgegen_avx2_widened(weights + 96));
        h = edgegen_avx2_dot(h, v, edgegen_avx2_widened(weights + 112));
    }
    const __m256i low = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
    const __m256i high = _mm256_hadd_epi32(_mm256_hadd_epi32(e, f), _mm256_hadd_epi32(g, h));
    return _mm256_add_epi32(_mm256_permute2x128_si256(low, high, 0x20), _mm256_permute2x128_si256(low, high, 0x31));
}

EDGEGEN_INLINE ptrdiff_t edgegen_row_weights(const edgegen_dense_row_avx2 *p)
{
    return 8 * (((ptrdiff_t)p->depth + 15) / 16 * 16);
}

/* One row: every weight is read once, so it is kept as s8, and widened then. weights: see edgegen_avx2_row_sums; of each
 * 8 units an epilogue (see simd/avx2.h) and its form */
EDGEGEN_KERNEL void dense_s8_avx2_row(const edgegen_dense_row_avx2 *p, const int8_t *x, const int8_t *weights,
                                      const int32_t *epilogue, const int32_t *forms, int8_t *y)
{
    const __m128i least = _mm_set1_epi8((char)p->low), most = _mm_set1_epi8((char)p->high);
    for (int32_t u = 0; u < p->units; u += 8) {
        __m256i sums = edgegen_avx2_row_sums(x, p->depth, weights + u / 8 * edgegen_row_weights(p));
        sums = _mm256_add_epi32(sums, edgegen_avx2_row(epilogue, 0));
        sums = edgegen_avx2_requantize(sums, epilogue, forms[u / 8], p->zero_point);
        const __m128i bytes = _mm256_castsi256_si128(edgegen_avx2_narrow(sums, sums, sums, sums));
        edgegen_avx2_store_first((uint8_t *)y + u, _mm_min_epi8(_mm_max_epi8(bytes, least), most),
                                 edgegen_min_s32(p->units - u, 8));
        epilogue += EDGEGEN_AVX2_EPILOGUE;
    }
}

/* The sums of one row as they are; bias: of every lane of every vector. */
EDGEGEN_KERNEL void dense_s8_s32_avx2_row(const edgegen_dense_row_avx2 *p, const int8_t *x, const int8_t *weights,
                                          const int32_t *bias, int32_t *y)
{
    for (int32_t u = 0; u < p->units; u += 8) {
        const __m256i sums = edgegen_avx2_row_sums(x, p->depth, weights + u / 8 * edgegen_row_weights(p));
        const __m256i some = edgegen_avx2_first(edgegen_min_s32(p->units - u, 8));
        _mm256_maskstore_epi32(y + u, some, _mm256_add_epi32(sums, edgegen_avx2_row(bias + u, 0)));
    }
}

#endif
