/* Rows of half-precision numbers, computed by a kernel for f32 a few rows of the output at a time. */
#ifndef EDGEGEN_HALF_ROWS_H
#define EDGEGEN_HALF_ROWS_H

#include "kernels/halves.h"

/* x[batch,in_h,in_row] -> y[batch,out_h,out_row]
 *
 * rows, band: of y that are computed at a time, and of x that they see; step: rows of x from one band to the next
 * pad_top:    rows that the first band sees above the image; they and those below it hold `fill`
 * results, inner: where in scratch the results of a band and the kernel's own scratch lie, in bytes */
typedef struct {
    int32_t batch, in_h, in_row, out_h, out_row, rows, band, step, pad_top;
    float fill;
    int32_t results, inner;
} edgegen_half_rows;

/* The rows of image n that the band at row oy of y sees, as floats. */
#define EDGEGEN_READ_BAND(numbers)                                                                                     \
    EDGEGEN_INLINE void edgegen_band_of_##numbers(const edgegen_half_rows *p, const uint16_t *x, int32_t n,            \
                                                  int32_t oy, float *band)                                             \
    {                                                                                                                  \
        for (int32_t i = 0; i < p->band; i++) {                                                                        \
            const int32_t iy = oy / p->rows * p->step - p->pad_top + i;                                                \
            float *const to = band + i * p->in_row;                                                                    \
            if (iy >= 0 && iy < p->in_h) {                                                                             \
                edgegen_read_##numbers(x + (n * p->in_h + iy) * p->in_row, p->in_row, to);                             \
            } else {                                                                                                   \
                for (int32_t k = 0; k < p->in_row; k++) {                                                              \
                    to[k] = p->fill;                                                                                   \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

EDGEGEN_READ_BAND(halves)
EDGEGEN_READ_BAND(bfloats)

#define EDGEGEN_TAKEN_0
#define EDGEGEN_TAKEN_1 , const void *c0
#define EDGEGEN_TAKEN_2 EDGEGEN_TAKEN_1, const void *c1
#define EDGEGEN_TAKEN_3 EDGEGEN_TAKEN_2, const void *c2
#define EDGEGEN_TAKEN_4 EDGEGEN_TAKEN_3, const void *c3
#define EDGEGEN_GIVEN_0
#define EDGEGEN_GIVEN_1 , c0
#define EDGEGEN_GIVEN_2 EDGEGEN_GIVEN_1, c1
#define EDGEGEN_GIVEN_3 EDGEGEN_GIVEN_2, c2
#define EDGEGEN_GIVEN_4 EDGEGEN_GIVEN_3, c3
#define EDGEGEN_NO_SCRATCH
#define EDGEGEN_OWN_SCRATCH , scratch + p->rows.inner

/* Defines the kernel `name` around `kernel`, which takes params, `constants` arrays and, if so, scratch.
 * numbers: halves (f16) or bfloats (bf16) */
#define EDGEGEN_HALF_ROWS(name, kernel, params, constants, SCRATCH, numbers)                                           \
    typedef struct {                                                                                                   \
        edgegen_half_rows rows;                                                                                        \
        params inner;                                                                                                  \
    } edgegen_##name;                                                                                                  \
    EDGEGEN_KERNEL void name(const edgegen_##name *p, const uint16_t *x EDGEGEN_TAKEN_##constants, uint8_t *scratch,   \
                             uint16_t *y)                                                                              \
    {                                                                                                                  \
        float *const band = (float *)(void *)scratch;                                                                  \
        float *const results = (float *)(void *)(scratch + p->rows.results);                                           \
        for (int32_t n = 0; n < p->rows.batch; n++) {                                                                  \
            for (int32_t oy = 0; oy < p->rows.out_h; oy += p->rows.rows) {                                             \
                edgegen_band_of_##numbers(&p->rows, x, n, oy, band);                                                   \
                kernel(&p->inner, band EDGEGEN_GIVEN_##constants SCRATCH, results);                                    \
                edgegen_write_##numbers(results, p->rows.rows *p->rows.out_row, y);                                    \
                y += p->rows.rows * p->rows.out_row;                                                                   \
            }                                                                                                          \
        }                                                                                                              \
    }

#endif
