/* Sums of recurrent layers' gates on f32 with AVX2: sixteen units at a time. */
#ifndef EDGEGEN_GATES_F32_AVX2_H
#define EDGEGEN_GATES_F32_AVX2_H

#include "kernels/gates_f32.h"
#include "simd/avx2.h"

/* Adds x[count] times weights[count][16] to acc[2][2], whose last index is the tap's parity. Returns where they end. */
EDGEGEN_INLINE const float *edgegen_gates_part_avx2(const float *x, int32_t count, const float *weights,
                                                    __m256 acc[2][2])
{
    int32_t k = 0;
    for (; k + 2 <= count; k += 2, weights += 32) {
        const __m256 even = _mm256_broadcast_ss(x + k), odd = _mm256_broadcast_ss(x + k + 1);
        acc[0][0] = _mm256_fmadd_ps(even, _mm256_loadu_ps(weights), acc[0][0]);
        acc[1][0] = _mm256_fmadd_ps(even, _mm256_loadu_ps(weights + 8), acc[1][0]);
        acc[0][1] = _mm256_fmadd_ps(odd, _mm256_loadu_ps(weights + 16), acc[0][1]);
        acc[1][1] = _mm256_fmadd_ps(odd, _mm256_loadu_ps(weights + 24), acc[1][1]);
    }
    if (k < count) {
        const __m256 last = _mm256_broadcast_ss(x + k);
        acc[0][0] = _mm256_fmadd_ps(last, _mm256_loadu_ps(weights), acc[0][0]);
        acc[1][0] = _mm256_fmadd_ps(last, _mm256_loadu_ps(weights + 8), acc[1][0]);
        weights += 16;
    }
    return weights;
}

/* As edgegen_gates_f32, but by sixteen units. */
EDGEGEN_INLINE const float *edgegen_gates_f32_avx2(const edgegen_taps_f32 *taps, const float *stream, int32_t units,
                                                   float *sums)
{
    for (int32_t o = 0; o < units; o += 16) {
        __m256 acc[2][2] = {{_mm256_loadu_ps(stream), _mm256_setzero_ps()},
                            {_mm256_loadu_ps(stream + 8), _mm256_setzero_ps()}};
        stream = edgegen_gates_part_avx2(taps->x, taps->inputs, stream + 16, acc);
        stream = edgegen_gates_part_avx2(taps->h, taps->outputs, stream, acc);
        _mm256_storeu_ps(sums + o, _mm256_add_ps(acc[0][0], acc[0][1]));
        _mm256_storeu_ps(sums + o + 8, _mm256_add_ps(acc[1][0], acc[1][1]));
    }
    return stream;
}

#endif
