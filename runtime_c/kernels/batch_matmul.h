/* Products of matrices that are both known at run time only, portable: either may be transposed or repeat. */
#ifndef EDGEGEN_BATCH_MATMUL_H
#define EDGEGEN_BATCH_MATMUL_H

#include "kernels/sum_s16.h"

/* Steps are in elements; along `batch`, 0: the matrix repeats. */
#define EDGEGEN_BATCH_MATMUL_GEOMETRY                                                                                  \
    int32_t batch[3], x_batch_step[3], w_batch_step[3];                                                                \
    int32_t rows, depth, units;                                                                                        \
    int32_t x_row_step, x_depth_step, w_depth_step, w_unit_step

typedef struct {
    EDGEGEN_BATCH_MATMUL_GEOMETRY;
    int32_t x_zero, w_zero, multiplier, shift, zero_point, low, high;
} edgegen_batch_matmul_s8;

typedef struct {
    EDGEGEN_BATCH_MATMUL_GEOMETRY;
    int32_t scale[2]; /* multiplier and shift */
    edgegen_output_s16 output;
} edgegen_batch_matmul_s16;

typedef struct {
    EDGEGEN_BATCH_MATMUL_GEOMETRY;
    float low, high;
} edgegen_batch_matmul_f32;

typedef struct {
    EDGEGEN_BATCH_MATMUL_GEOMETRY;
    double low, high;
} edgegen_batch_matmul_f64;

/* A kernel's body: `finish` turns acc into the next element of y. */
#define EDGEGEN_BATCH_MATMUL(type, w_type, sum_type, x_zero, w_zero, finish)                                           \
    for (int32_t i0 = 0; i0 < p->batch[0]; i0++)                                                                       \
    for (int32_t i1 = 0; i1 < p->batch[1]; i1++)                                                                       \
    for (int32_t i2 = 0; i2 < p->batch[2]; i2++)                                                                       \
    for (int32_t r = 0; r < p->rows; r++)                                                                              \
    for (int32_t o = 0; o < p->units; o++) {                                                                           \
        const type *a = x + i0 * p->x_batch_step[0] + i1 * p->x_batch_step[1] + i2 * p->x_batch_step[2] +              \
                        r * p->x_row_step;                                                                             \
        const w_type *b = w + i0 * p->w_batch_step[0] + i1 * p->w_batch_step[1] + i2 * p->w_batch_step[2] +            \
                        o * p->w_unit_step;                                                                            \
        sum_type acc = 0;                                                                                              \
        for (int32_t k = 0; k < p->depth; k++) {                                                                       \
            acc += (a[k * p->x_depth_step] - (x_zero)) * (b[k * p->w_depth_step] - (w_zero));                          \
        }                                                                                                              \
        *y++ = (finish);                                                                                               \
    }

/* x[batch,rows,depth] * w[batch,depth,units] -> y[batch,rows,units] */
EDGEGEN_KERNEL void batch_matmul_s8(const edgegen_batch_matmul_s8 *p, const int8_t *x, const int8_t *w, int8_t *y)
{
    EDGEGEN_BATCH_MATMUL(int8_t, int8_t, int32_t, p->x_zero, p->w_zero,
                         (int8_t)edgegen_clamp_s32(edgegen_requantize(acc, p->multiplier, p->shift) + p->zero_point,
                                                   p->low, p->high))
}

EDGEGEN_KERNEL void batch_matmul_s8_scaled(const edgegen_batch_matmul_s8 *p, const int8_t *x, const int8_t *w,
                                           int8_t *y)
{
    EDGEGEN_BATCH_MATMUL(
        int8_t, int8_t, int32_t, p->x_zero, p->w_zero,
        (int8_t)edgegen_clamp_s32(edgegen_requantize_scaled(acc, p->multiplier, p->shift) + p->zero_point, p->low,
                                  p->high))
}

/* The sums as they are. */
EDGEGEN_KERNEL void batch_matmul_s8_s32(const edgegen_batch_matmul_s8 *p, const int8_t *x, const int8_t *w, int32_t *y)
{
    EDGEGEN_BATCH_MATMUL(int8_t, int8_t, int32_t, p->x_zero, p->w_zero, acc)
}

EDGEGEN_KERNEL void batch_matmul_s16(const edgegen_batch_matmul_s16 *p, const int16_t *x, const int16_t *w, int16_t *y)
{
    EDGEGEN_BATCH_MATMUL(int16_t, int16_t, int64_t, 0, 0, edgegen_finish_s16(&p->output, acc, p->scale))
}

EDGEGEN_KERNEL void batch_matmul_s16_s8(const edgegen_batch_matmul_s16 *p, const int16_t *x, const int8_t *w,
                                        int16_t *y)
{
    EDGEGEN_BATCH_MATMUL(int16_t, int8_t, int64_t, 0, 0, edgegen_finish_s16(&p->output, acc, p->scale))
}

EDGEGEN_KERNEL void batch_matmul_f32(const edgegen_batch_matmul_f32 *p, const float *x, const float *w, float *y)
{
    EDGEGEN_BATCH_MATMUL(float, float, float, 0.0f, 0.0f, edgegen_clamp_f32(acc, p->low, p->high))
}

EDGEGEN_KERNEL void batch_matmul_f64(const edgegen_batch_matmul_f64 *p, const double *x, const double *w, double *y)
{
    EDGEGEN_BATCH_MATMUL(double, double, double, 0.0, 0.0, edgegen_clamp_f64(acc, p->low, p->high))
}

#endif
