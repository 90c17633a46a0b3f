/* Pooling on f32 with AVX2: 8 channels at a time. */
#ifndef EDGEGEN_POOL2D_F32_AVX2_H
#define EDGEGEN_POOL2D_F32_AVX2_H

#include "kernels/pool2d.h"
#include "simd/avx2.h"

EDGEGEN_INLINE __m256 edgegen_avx2_average8(const edgegen_pool2d_f32 *p, const float *x, int32_t rows,
                                            int32_t columns, __m256i some)
{
    __m256 sum = _mm256_setzero_ps();
    for (int32_t iy = 0; iy < rows; iy++) {
        for (int32_t ix = 0; ix < columns; ix++) {
            const float *in = x + iy * p->in_stride[1] + ix * p->in_stride[2];
            sum = _mm256_add_ps(sum, _mm256_maskload_ps(in, some));
        }
    }
    return _mm256_div_ps(sum, _mm256_set1_ps((float)(rows * columns)));
}

EDGEGEN_INLINE __m256 edgegen_avx2_max8(const edgegen_pool2d_f32 *p, const float *x, int32_t rows, int32_t columns,
                                        __m256i some)
{
    __m256 most = _mm256_set1_ps(-EDGEGEN_INFINITY);
    for (int32_t iy = 0; iy < rows; iy++) {
        for (int32_t ix = 0; ix < columns; ix++) {
            const float *in = x + iy * p->in_stride[1] + ix * p->in_stride[2];
            most = _mm256_max_ps(_mm256_maskload_ps(in, some), most);
        }
    }
    return most;
}

/* x[n,h,w,c] -> y */
#define EDGEGEN_AVX2_POOL_F32(name, window)                                                                            \
    EDGEGEN_KERNEL void name(const edgegen_pool2d_f32 *p, const float *x, float *y)                                    \
    {                                                                                                                  \
        const __m256 low = _mm256_set1_ps(p->low), high = _mm256_set1_ps(p->high);                                     \
        for (int32_t n = 0; n < p->batch; n++)                                                                         \
        for (int32_t oy = 0; oy < p->out_h; oy++)                                                                      \
        for (int32_t ox = 0; ox < p->out_w; ox++) {                                                                    \
            const edgegen_span rows = edgegen_window(oy, p->stride_h, p->pad_top, p->kernel_h, p->in_h);               \
            const edgegen_span columns = edgegen_window(ox, p->stride_w, p->pad_left, p->kernel_w, p->in_w);           \
            const float *in =                                                                                          \
                x + n * p->in_stride[0] + rows.first * p->in_stride[1] + columns.first * p->in_stride[2];              \
            float *out = y + n * p->out_stride[0] + oy * p->out_stride[1] + ox * p->out_stride[2];                     \
            for (int32_t c = 0; c < p->channels; c += 8) {                                                             \
                const __m256i some = edgegen_avx2_first(p->channels - c);                                              \
                const __m256 v = window(p, in + c, rows.end - rows.first, columns.end - columns.first, some);          \
                _mm256_maskstore_ps(out + c, some, _mm256_min_ps(high, _mm256_max_ps(low, v)));                        \
            }                                                                                                          \
        }                                                                                                              \
    }

EDGEGEN_AVX2_POOL_F32(average_pool2d_f32_avx2, edgegen_avx2_average8)
EDGEGEN_AVX2_POOL_F32(max_pool2d_f32_avx2, edgegen_avx2_max8)

#endif
