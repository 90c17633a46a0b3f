/* Products of f32 matrices that are computed at run time, in register tiles: some rows of x times one, two or four
 * vectors of units. Included after one of simd/floats_*.h, in which a vector may be one float. */
#ifndef EDGEGEN_SIMD_PRODUCT_TILES_H
#define EDGEGEN_SIMD_PRODUCT_TILES_H

#include "kernels/batch_matmul.h"
#include "simd/floats_first.h"

/* strip: rows of x that are multiplied by all columns before the next rows are; all of them where more than one block of
 * columns must be laid out */
typedef struct {
    EDGEGEN_BATCH_MATMUL_GEOMETRY;
    int32_t strip;
    float low, high;
} edgegen_product_tiles;

#define EDGEGEN_PRODUCT_FOUR(STEP)                                                                                     \
    STEP(0)                                                                                                            \
    STEP(1)                                                                                                            \
    STEP(2)                                                                                                            \
    STEP(3)

#define EDGEGEN_PRODUCT_BEGIN(r)                                                                                       \
    a[r][0] = a[r][1] = a[r][2] = a[r][3] = edgegen_floats_spread(0.0f);

/* What lies beyond `rows` and `vectors`, constants where this is used, is never kept. */
#define EDGEGEN_PRODUCT_COLUMN(g)                                                                                      \
    if (vectors > g) {                                                                                                 \
        const edgegen_floats column = edgegen_floats_load(w + g * EDGEGEN_FLOATS);                                     \
        a[0][g] = edgegen_floats_add_product(a[0][g], column, x0);                                                     \
        if (rows > 1) {                                                                                                \
            a[1][g] = edgegen_floats_add_product(a[1][g], column, x1);                                                 \
        }                                                                                                              \
        if (rows > 2) {                                                                                                \
            a[2][g] = edgegen_floats_add_product(a[2][g], column, x2);                                                 \
        }                                                                                                              \
        if (rows > 3) {                                                                                                \
            a[3][g] = edgegen_floats_add_product(a[3][g], column, x3);                                                 \
        }                                                                                                              \
    }

#define EDGEGEN_PRODUCT_STORE(r, g)                                                                                    \
    if (rows > r && vectors > g) {                                                                                     \
        edgegen_floats_store_first(y + r * p->units + g * EDGEGEN_FLOATS, edgegen_floats_clamp(a[r][g], p->low, p->high), \
                                   count - g * EDGEGEN_FLOATS);                                                        \
    }

#define EDGEGEN_PRODUCT_END(r)                                                                                         \
    EDGEGEN_PRODUCT_STORE(r, 0)                                                                                        \
    EDGEGEN_PRODUCT_STORE(r, 1)                                                                                        \
    EDGEGEN_PRODUCT_STORE(r, 2)                                                                                        \
    EDGEGEN_PRODUCT_STORE(r, 3)

/* One tile. x: its first row; w: its first column, step: floats from one element of a column to the next; count: columns
 * that exist */
EDGEGEN_INLINE void edgegen_product_tile(const edgegen_product_tiles *p, const int32_t rows, const int32_t vectors,
                                         int32_t count, const float *x, const float *w, int32_t step, float *y)
{
    edgegen_floats a[4][4];
    EDGEGEN_PRODUCT_FOUR(EDGEGEN_PRODUCT_BEGIN)
    for (int32_t k = 0; k < p->depth; k++) {
        const edgegen_floats x0 = edgegen_floats_spread(x[0]);
        const edgegen_floats x1 = rows > 1 ? edgegen_floats_spread(x[p->x_row_step]) : x0;
        const edgegen_floats x2 = rows > 2 ? edgegen_floats_spread(x[2 * p->x_row_step]) : x0;
        const edgegen_floats x3 = rows > 3 ? edgegen_floats_spread(x[3 * p->x_row_step]) : x0;
        EDGEGEN_PRODUCT_FOUR(EDGEGEN_PRODUCT_COLUMN)
        x += p->x_depth_step;
        w += step;
    }
    EDGEGEN_PRODUCT_FOUR(EDGEGEN_PRODUCT_END)
}

/* Rows of x from `from` to before `end` times a block of columns; the last tile steps back to stay inside. */
EDGEGEN_INLINE void edgegen_product_rows(const edgegen_product_tiles *p, int32_t from, int32_t end,
                                         const int32_t vectors, int32_t count, const float *x, const float *w,
                                         int32_t step, float *y)
{
    if (p->rows < EDGEGEN_FLOATS_ROWS) {
        for (int32_t r = from; r < end; r++) {
            edgegen_product_tile(p, 1, vectors, count, x + r * p->x_row_step, w, step, y + r * p->units);
        }
        return;
    }
    for (int32_t done = from; done < end; done += EDGEGEN_FLOATS_ROWS) {
        const int32_t r = edgegen_min_s32(done, p->rows - EDGEGEN_FLOATS_ROWS);
        edgegen_product_tile(p, EDGEGEN_FLOATS_ROWS, vectors, count, x + r * p->x_row_step, w, step, y + r * p->units);
    }
}

/* `count` columns of w as vectors load them, `width` beside each other, zeros where there are less. */
EDGEGEN_INLINE void edgegen_product_pack(const edgegen_product_tiles *p, const float *w, int32_t count,
                                         int32_t width, float *packed)
{
    for (int32_t o = 0; o < width; o++) {
        for (int32_t k = 0; k < p->depth; k++) {
            packed[k * width + o] = o < count ? w[k * p->w_depth_step + o * p->w_unit_step] : 0.0f;
        }
    }
}

/* Rows of one matrix from `from` on, a strip, times another. packed: room for a block of columns, where some must be laid
 * out; the first strip does */
EDGEGEN_INLINE void edgegen_product_strip(const edgegen_product_tiles *p, int32_t from, const float *x, const float *w,
                                          float *packed, float *y)
{
    const int32_t end = edgegen_min_s32(from + p->strip, p->rows);
    for (int32_t o = 0, vectors; o < p->units; o += vectors * EDGEGEN_FLOATS) {
        const int32_t left = p->units - o;
        vectors = left >= 4 * EDGEGEN_FLOATS ? 4 : left >= 2 * EDGEGEN_FLOATS ? 2 : 1;
        const int32_t width = vectors * EDGEGEN_FLOATS, count = edgegen_min_s32(left, width);
        const float *columns = w + o * p->w_unit_step;
        int32_t step = p->w_depth_step;
        if (packed != NULL && (count < width || (width > 1 && p->w_unit_step != 1))) {
            if (from == 0) {
                edgegen_product_pack(p, columns, count, width, packed);
            }
            columns = packed;
            step = width;
        }
        if (vectors == 4) {
            edgegen_product_rows(p, from, end, 4, count, x, columns, step, y + o);
        } else if (vectors == 2) {
            edgegen_product_rows(p, from, end, 2, count, x, columns, step, y + o);
        } else {
            edgegen_product_rows(p, from, end, 1, count, x, columns, step, y + o);
        }
    }
}

EDGEGEN_INLINE void edgegen_products(const edgegen_product_tiles *p, const float *x, const float *w,
                                     uint8_t *scratch, float *y)
{
    for (int32_t i0 = 0; i0 < p->batch[0]; i0++)
    for (int32_t i1 = 0; i1 < p->batch[1]; i1++)
    for (int32_t i2 = 0; i2 < p->batch[2]; i2++) {
        const float *a = x + i0 * p->x_batch_step[0] + i1 * p->x_batch_step[1] + i2 * p->x_batch_step[2];
        const float *b = w + i0 * p->w_batch_step[0] + i1 * p->w_batch_step[1] + i2 * p->w_batch_step[2];
        for (int32_t from = 0; from < p->rows; from += p->strip) {
            edgegen_product_strip(p, from, a, b, (float *)(void *)scratch, y);
        }
        y += p->rows * p->units;
    }
}

/* Defines the kernels name: x[batch,rows,depth] * w[batch,depth,units] -> y[batch,rows,units], columns of w read as they
 * lie; and name_packed: the same for columns that are laid out in scratch. */
#define EDGEGEN_PRODUCT_KERNELS(name)                                                                                  \
    EDGEGEN_KERNEL void name(const edgegen_product_tiles *p, const float *x, const float *w, float *y)              \
    {                                                                                                                  \
        edgegen_products(p, x, w, NULL, y);                                                                            \
    }                                                                                                                  \
    EDGEGEN_KERNEL void name##_packed(const edgegen_product_tiles *p, const float *x, const float *w,               \
                                      uint8_t *scratch, float *y)                                                      \
    {                                                                                                                  \
        edgegen_products(p, x, w, scratch, y);                                                                         \
    }

#endif
