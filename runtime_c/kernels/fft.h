/* Spectra of real numbers, and back, on s16, s32 and f32, portable. codegen/ops/fft/transform.py has the arithmetic.
 *
 * A complex number is two neighbours, real part first. A transform of `count` complex numbers works in the output's
 * storage: its input is put there in the order that the stages want. */
#ifndef EDGEGEN_FFT_H
#define EDGEGEN_FFT_H

#include "edgegen.h"

/* frames: transforms; count: complex numbers of each, half of its real numbers; length: real numbers given for each,
 * the rest being zero; fives, threes, twos: stages of each radix, in the order in which they run, before those of 4;
 * scale: of f32 that are transformed back */
typedef struct {
    int32_t frames, count, length, fives, threes, twos;
    float scale;
} edgegen_fft;

/* ---- arithmetic of each type: integers wrap around ---- */

EDGEGEN_INLINE int16_t edgegen_fft_round_s16(int32_t x) { return (int16_t)((x + (1 << 14)) >> 15); }
EDGEGEN_INLINE int32_t edgegen_fft_round_s32(int64_t x) { return (int32_t)((x + (INT64_C(1) << 30)) >> 31); }
EDGEGEN_INLINE float edgegen_fft_round_f32(float x) { return x; }

EDGEGEN_INLINE int16_t edgegen_fft_sum_s16(int16_t a, int16_t b) { return (int16_t)(a + b); }
EDGEGEN_INLINE int32_t edgegen_fft_sum_s32(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }
EDGEGEN_INLINE float edgegen_fft_sum_f32(float a, float b) { return a + b; }

EDGEGEN_INLINE int16_t edgegen_fft_less_s16(int16_t a, int16_t b) { return (int16_t)(a - b); }
EDGEGEN_INLINE int32_t edgegen_fft_less_s32(int32_t a, int32_t b) { return (int32_t)((uint32_t)a - (uint32_t)b); }
EDGEGEN_INLINE float edgegen_fft_less_f32(float a, float b) { return a - b; }

EDGEGEN_INLINE int16_t edgegen_fft_divide_s16(int16_t x, int32_t by)
{
    return edgegen_fft_round_s16(x * (INT16_MAX / by));
}
EDGEGEN_INLINE int32_t edgegen_fft_divide_s32(int32_t x, int32_t by)
{
    return edgegen_fft_round_s32((int64_t)x * (INT32_MAX / by));
}
EDGEGEN_INLINE float edgegen_fft_divide_f32(float x, int32_t by)
{
    (void)by;
    return x;
}

EDGEGEN_INLINE int16_t edgegen_fft_half_s16(int16_t x) { return (int16_t)(x >> 1); }
EDGEGEN_INLINE int32_t edgegen_fft_half_s32(int32_t x) { return x >> 1; }
EDGEGEN_INLINE float edgegen_fft_half_f32(float x) { return x * 0.5f; }

/* Halves of a sum and of a difference; those of s16 have room for the carry. */
EDGEGEN_INLINE int16_t edgegen_fft_mean_s16(int16_t a, int16_t b) { return (int16_t)((a + b) >> 1); }
EDGEGEN_INLINE int32_t edgegen_fft_mean_s32(int32_t a, int32_t b) { return edgegen_fft_sum_s32(a, b) >> 1; }
EDGEGEN_INLINE float edgegen_fft_mean_f32(float a, float b) { return (a + b) * 0.5f; }

EDGEGEN_INLINE int16_t edgegen_fft_gap_s16(int16_t a, int16_t b) { return (int16_t)((a - b) >> 1); }
EDGEGEN_INLINE int32_t edgegen_fft_gap_s32(int32_t a, int32_t b) { return edgegen_fft_less_s32(a, b) >> 1; }
EDGEGEN_INLINE float edgegen_fft_gap_f32(float a, float b) { return (a - b) * 0.5f; }

/* Parts of a spectrum on its way back: f32 are scaled here, integers in the stages. */
EDGEGEN_INLINE int16_t edgegen_fft_part_s16(int16_t x, float scale)
{
    (void)scale;
    return edgegen_fft_divide_s16(x, 2);
}
EDGEGEN_INLINE int32_t edgegen_fft_part_s32(int32_t x, float scale)
{
    (void)scale;
    return edgegen_fft_divide_s32(x, 2);
}
EDGEGEN_INLINE float edgegen_fft_part_f32(float x, float scale) { return x * scale; }

/* ---- complex numbers ---- */

#define EDGEGEN_FFT_COMPLEX(t, type, wide)                                                                             \
    typedef struct {                                                                                                   \
        type re, im;                                                                                                   \
    } edgegen_complex_##t;                                                                                             \
                                                                                                                       \
    EDGEGEN_INLINE edgegen_complex_##t edgegen_complex_at_##t(const type *z, int32_t k)                                \
    {                                                                                                                  \
        const edgegen_complex_##t a = { z[2 * k], z[2 * k + 1] };                                                      \
        return a;                                                                                                      \
    }                                                                                                                  \
                                                                                                                       \
    EDGEGEN_INLINE void edgegen_complex_put_##t(type *z, int32_t k, edgegen_complex_##t a)                             \
    {                                                                                                                  \
        z[2 * k] = a.re;                                                                                               \
        z[2 * k + 1] = a.im;                                                                                           \
    }                                                                                                                  \
                                                                                                                       \
    EDGEGEN_INLINE edgegen_complex_##t edgegen_complex_sum_##t(edgegen_complex_##t a, edgegen_complex_##t b)           \
    {                                                                                                                  \
        const edgegen_complex_##t y = { edgegen_fft_sum_##t(a.re, b.re), edgegen_fft_sum_##t(a.im, b.im) };            \
        return y;                                                                                                      \
    }                                                                                                                  \
                                                                                                                       \
    EDGEGEN_INLINE edgegen_complex_##t edgegen_complex_less_##t(edgegen_complex_##t a, edgegen_complex_##t b)          \
    {                                                                                                                  \
        const edgegen_complex_##t y = { edgegen_fft_less_##t(a.re, b.re), edgegen_fft_less_##t(a.im, b.im) };          \
        return y;                                                                                                      \
    }                                                                                                                  \
                                                                                                                       \
    /* a + i b */                                                                                                      \
    EDGEGEN_INLINE edgegen_complex_##t edgegen_complex_left_##t(edgegen_complex_##t a, edgegen_complex_##t b)          \
    {                                                                                                                  \
        const edgegen_complex_##t y = { edgegen_fft_less_##t(a.re, b.im), edgegen_fft_sum_##t(a.im, b.re) };           \
        return y;                                                                                                      \
    }                                                                                                                  \
                                                                                                                       \
    /* a - i b */                                                                                                      \
    EDGEGEN_INLINE edgegen_complex_##t edgegen_complex_right_##t(edgegen_complex_##t a, edgegen_complex_##t b)         \
    {                                                                                                                  \
        const edgegen_complex_##t y = { edgegen_fft_sum_##t(a.re, b.im), edgegen_fft_less_##t(a.im, b.re) };           \
        return y;                                                                                                      \
    }                                                                                                                  \
                                                                                                                       \
    EDGEGEN_INLINE edgegen_complex_##t edgegen_complex_half_##t(edgegen_complex_##t a)                                 \
    {                                                                                                                  \
        const edgegen_complex_##t y = { edgegen_fft_half_##t(a.re), edgegen_fft_half_##t(a.im) };                      \
        return y;                                                                                                      \
    }                                                                                                                  \
                                                                                                                       \
    EDGEGEN_INLINE edgegen_complex_##t edgegen_complex_product_##t(edgegen_complex_##t a, edgegen_complex_##t b)       \
    {                                                                                                                  \
        const edgegen_complex_##t y = { edgegen_fft_round_##t((wide)a.re * b.re - (wide)a.im * b.im),                  \
                                        edgegen_fft_round_##t((wide)a.re * b.im + (wide)a.im * b.re) };                \
        return y;                                                                                                      \
    }                                                                                                                  \
                                                                                                                       \
    EDGEGEN_INLINE edgegen_complex_##t edgegen_complex_scaled_##t(edgegen_complex_##t a, type factor)                  \
    {                                                                                                                  \
        const edgegen_complex_##t y = { edgegen_fft_round_##t((wide)a.re * factor),                                    \
                                        edgegen_fft_round_##t((wide)a.im * factor) };                                  \
        return y;                                                                                                      \
    }                                                                                                                  \
                                                                                                                       \
    /* Number k of an array, divided by a stage's radix. */                                                            \
    EDGEGEN_INLINE edgegen_complex_##t edgegen_complex_divided_##t(const type *z, int32_t k, int32_t by)               \
    {                                                                                                                  \
        const edgegen_complex_##t y = { edgegen_fft_divide_##t(z[2 * k], by),                                          \
                                        edgegen_fft_divide_##t(z[2 * k + 1], by) };                                    \
        return y;                                                                                                      \
    }                                                                                                                  \
                                                                                                                       \
    /* Number q * m of a block of a stage with that radix, divided by it and turned by its part of the circle. */      \
    EDGEGEN_INLINE edgegen_complex_##t edgegen_complex_turned_##t(const type *z, int32_t q, int32_t m, int32_t radix,  \
                                                                  const type *circle, int32_t k)                      \
    {                                                                                                                  \
        return edgegen_complex_product_##t(edgegen_complex_divided_##t(z, q * m, radix),                               \
                                           edgegen_complex_at_##t(circle, q * k));                                     \
    }

EDGEGEN_FFT_COMPLEX(s16, int16_t, int32_t)
EDGEGEN_FFT_COMPLEX(s32, int32_t, int64_t)
EDGEGEN_FFT_COMPLEX(f32, float, float)

/* ---- stages: blocks of m numbers become blocks of radix * m; `stride` is how many of these there are ---- */

#define EDGEGEN_FFT_STAGES(t, type)                                                                                    \
    static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_fft_two_##t(type *z, const type *circle, int32_t stride,       \
                                                                    int32_t m)                                        \
    {                                                                                                                  \
        for (int32_t block = 0; block < stride; block++, z += 4 * m) {                                                 \
            for (int32_t k = 0; k < m; k++) {                                                                          \
                type *at = z + 2 * k;                                                                                  \
                const edgegen_complex_##t a = edgegen_complex_divided_##t(at, 0, 2);                                   \
                const edgegen_complex_##t b = edgegen_complex_turned_##t(at, 1, m, 2, circle, k * stride);             \
                edgegen_complex_put_##t(at, 0, edgegen_complex_sum_##t(a, b));                                         \
                edgegen_complex_put_##t(at, m, edgegen_complex_less_##t(a, b));                                        \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_fft_three_##t(type *z, const type *circle, int32_t stride,     \
                                                                      int32_t m)                                      \
    {                                                                                                                  \
        const type root = circle[2 * stride * m + 1];                                                                  \
        for (int32_t block = 0; block < stride; block++, z += 6 * m) {                                                 \
            for (int32_t k = 0; k < m; k++) {                                                                          \
                type *at = z + 2 * k;                                                                                  \
                const edgegen_complex_##t a = edgegen_complex_divided_##t(at, 0, 3);                                   \
                const edgegen_complex_##t b = edgegen_complex_turned_##t(at, 1, m, 3, circle, k * stride);             \
                const edgegen_complex_##t c = edgegen_complex_turned_##t(at, 2, m, 3, circle, k * stride);             \
                const edgegen_complex_##t total = edgegen_complex_sum_##t(b, c);                                       \
                const edgegen_complex_##t middle = edgegen_complex_less_##t(a, edgegen_complex_half_##t(total));       \
                const edgegen_complex_##t side = edgegen_complex_scaled_##t(edgegen_complex_less_##t(b, c), root);     \
                edgegen_complex_put_##t(at, 0, edgegen_complex_sum_##t(a, total));                                     \
                edgegen_complex_put_##t(at, m, edgegen_complex_left_##t(middle, side));                                \
                edgegen_complex_put_##t(at, 2 * m, edgegen_complex_right_##t(middle, side));                           \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_fft_four_##t(type *z, const type *circle, int32_t stride,      \
                                                                     int32_t m, int inverse)                          \
    {                                                                                                                  \
        for (int32_t block = 0; block < stride; block++, z += 8 * m) {                                                 \
            for (int32_t k = 0; k < m; k++) {                                                                          \
                type *at = z + 2 * k;                                                                                  \
                const edgegen_complex_##t a = edgegen_complex_divided_##t(at, 0, 4);                                   \
                const edgegen_complex_##t b = edgegen_complex_turned_##t(at, 1, m, 4, circle, k * stride);             \
                const edgegen_complex_##t c = edgegen_complex_turned_##t(at, 2, m, 4, circle, k * stride);             \
                const edgegen_complex_##t d = edgegen_complex_turned_##t(at, 3, m, 4, circle, k * stride);             \
                const edgegen_complex_##t even = edgegen_complex_sum_##t(a, c), odd = edgegen_complex_sum_##t(b, d);   \
                const edgegen_complex_##t gap = edgegen_complex_less_##t(a, c), side = edgegen_complex_less_##t(b, d); \
                const edgegen_complex_##t left = edgegen_complex_left_##t(gap, side);                                  \
                const edgegen_complex_##t right = edgegen_complex_right_##t(gap, side);                                \
                edgegen_complex_put_##t(at, 0, edgegen_complex_sum_##t(even, odd));                                    \
                edgegen_complex_put_##t(at, m, inverse ? left : right);                                                \
                edgegen_complex_put_##t(at, 2 * m, edgegen_complex_less_##t(even, odd));                               \
                edgegen_complex_put_##t(at, 3 * m, inverse ? right : left);                                            \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    /* a + first * x + second * y */                                                                                   \
    EDGEGEN_INLINE edgegen_complex_##t edgegen_fft_three_terms_##t(edgegen_complex_##t a, edgegen_complex_##t x,       \
                                                                   type first, edgegen_complex_##t y, type second)    \
    {                                                                                                                  \
        return edgegen_complex_sum_##t(edgegen_complex_sum_##t(a, edgegen_complex_scaled_##t(x, first)),               \
                                       edgegen_complex_scaled_##t(y, second));                                         \
    }                                                                                                                  \
                                                                                                                       \
    static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_fft_five_##t(type *z, const type *circle, int32_t stride,      \
                                                                     int32_t m)                                       \
    {                                                                                                                  \
        const edgegen_complex_##t first = edgegen_complex_at_##t(circle, stride * m);                                  \
        const edgegen_complex_##t second = edgegen_complex_at_##t(circle, 2 * stride * m);                             \
        for (int32_t block = 0; block < stride; block++, z += 10 * m) {                                                \
            for (int32_t k = 0; k < m; k++) {                                                                          \
                type *at = z + 2 * k;                                                                                  \
                const edgegen_complex_##t a = edgegen_complex_divided_##t(at, 0, 5);                                   \
                const edgegen_complex_##t b = edgegen_complex_turned_##t(at, 1, m, 5, circle, k * stride);             \
                const edgegen_complex_##t c = edgegen_complex_turned_##t(at, 2, m, 5, circle, k * stride);             \
                const edgegen_complex_##t d = edgegen_complex_turned_##t(at, 3, m, 5, circle, k * stride);             \
                const edgegen_complex_##t e = edgegen_complex_turned_##t(at, 4, m, 5, circle, k * stride);             \
                const edgegen_complex_##t near = edgegen_complex_sum_##t(b, e), far = edgegen_complex_sum_##t(c, d);   \
                const edgegen_complex_##t gap = edgegen_complex_less_##t(b, e), hole = edgegen_complex_less_##t(c, d); \
                const edgegen_complex_##t p = edgegen_fft_three_terms_##t(a, near, first.re, far, second.re);          \
                const edgegen_complex_##t q = edgegen_fft_three_terms_##t(a, near, second.re, far, first.re);          \
                const edgegen_complex_##t r = edgegen_complex_sum_##t(edgegen_complex_scaled_##t(gap, first.im),       \
                                                                      edgegen_complex_scaled_##t(hole, second.im));    \
                const edgegen_complex_##t s = edgegen_complex_less_##t(edgegen_complex_scaled_##t(gap, second.im),     \
                                                                       edgegen_complex_scaled_##t(hole, first.im));    \
                edgegen_complex_put_##t(at, 0, edgegen_complex_sum_##t(edgegen_complex_sum_##t(a, near), far));        \
                edgegen_complex_put_##t(at, m, edgegen_complex_left_##t(p, r));                                        \
                edgegen_complex_put_##t(at, 2 * m, edgegen_complex_left_##t(q, s));                                    \
                edgegen_complex_put_##t(at, 3 * m, edgegen_complex_right_##t(q, s));                                   \
                edgegen_complex_put_##t(at, 4 * m, edgegen_complex_right_##t(p, r));                                   \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    /* Stages of radix 2 and 4, after others that made blocks of m. */                                                 \
    EDGEGEN_INLINE void edgegen_fft_radix_4_##t(const edgegen_fft *p, type *z, const type *circle, int inverse,        \
                                                int32_t m)                                                             \
    {                                                                                                                  \
        for (int32_t s = 0; s < p->twos; s++, m *= 2) {                                                                \
            edgegen_fft_two_##t(z, circle, p->count / (2 * m), m);                                                     \
        }                                                                                                              \
        for (; m < p->count; m *= 4) {                                                                                 \
            edgegen_fft_four_##t(z, circle, p->count / (4 * m), m, inverse);                                           \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    EDGEGEN_INLINE void edgegen_fft_any_radix_##t(const edgegen_fft *p, type *z, const type *circle, int inverse,      \
                                                  int32_t m)                                                           \
    {                                                                                                                  \
        for (int32_t s = 0; s < p->fives; s++, m *= 5) {                                                               \
            edgegen_fft_five_##t(z, circle, p->count / (5 * m), m);                                                    \
        }                                                                                                              \
        for (int32_t s = 0; s < p->threes; s++, m *= 3) {                                                              \
            edgegen_fft_three_##t(z, circle, p->count / (3 * m), m);                                                   \
        }                                                                                                              \
        edgegen_fft_radix_4_##t(p, z, circle, inverse, m);                                                             \
    }

EDGEGEN_FFT_STAGES(s16, int16_t)
EDGEGEN_FFT_STAGES(s32, int32_t)
EDGEGEN_FFT_STAGES(f32, float)

/* ---- real numbers: two neighbours are one complex number, whose spectrum is split afterwards ---- */

#define EDGEGEN_FFT_REAL(t, type)                                                                                      \
    EDGEGEN_INLINE void edgegen_fft_order_##t(const edgegen_fft *p, const type *x, const uint16_t *order, type *z)     \
    {                                                                                                                  \
        for (int32_t k = 0; k < p->count; k++) {                                                                       \
            const int32_t from = 2 * order[k];                                                                         \
            z[2 * k] = from < p->length ? x[from] : 0;                                                                 \
            z[2 * k + 1] = from + 1 < p->length ? x[from + 1] : 0;                                                     \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    /* y[count + 1], of which the first `count` hold the transform; half[count / 2]: factors of the odd parts */       \
    static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_fft_split_##t(int32_t count, const type *half, type *y)        \
    {                                                                                                                  \
        const edgegen_complex_##t first = edgegen_complex_divided_##t(y, 0, 2);                                        \
        y[0] = edgegen_fft_sum_##t(first.re, first.im);                                                                \
        y[2 * count] = edgegen_fft_less_##t(first.re, first.im);                                                       \
        y[1] = y[2 * count + 1] = 0;                                                                                   \
        for (int32_t k = 1; k <= count / 2; k++) {                                                                     \
            const edgegen_complex_##t a = edgegen_complex_divided_##t(y, k, 2);                                        \
            edgegen_complex_##t b = edgegen_complex_at_##t(y, count - k);                                              \
            b.re = edgegen_fft_divide_##t(b.re, 2);                                                                    \
            b.im = edgegen_fft_divide_##t(edgegen_fft_less_##t(0, b.im), 2);                                           \
            const edgegen_complex_##t even = edgegen_complex_sum_##t(a, b);                                            \
            const edgegen_complex_##t odd = edgegen_complex_product_##t(edgegen_complex_less_##t(a, b),                \
                                                                        edgegen_complex_at_##t(half, k - 1));          \
            y[2 * k] = edgegen_fft_mean_##t(even.re, odd.re);                                                          \
            y[2 * k + 1] = edgegen_fft_mean_##t(even.im, odd.im);                                                      \
            y[2 * (count - k)] = edgegen_fft_gap_##t(even.re, odd.re);                                                 \
            y[2 * (count - k) + 1] = edgegen_fft_gap_##t(odd.im, even.im);                                             \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    /* x[count + 1] -> z[count], each number put where the stages want it */                                           \
    static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_fft_join_##t(const edgegen_fft *p, const type *x,              \
                                                                     const uint16_t *place, const type *half, type *z) \
    {                                                                                                                  \
        const int32_t count = p->count;                                                                                \
        z[2 * place[0]] = edgegen_fft_part_##t(edgegen_fft_sum_##t(x[0], x[2 * count]), p->scale);                     \
        z[2 * place[0] + 1] = edgegen_fft_part_##t(edgegen_fft_less_##t(x[0], x[2 * count]), p->scale);                \
        for (int32_t k = 1; k <= count / 2; k++) {                                                                     \
            const edgegen_complex_##t a = { edgegen_fft_part_##t(x[2 * k], p->scale),                                  \
                                            edgegen_fft_part_##t(x[2 * k + 1], p->scale) };                            \
            const type *mirror = x + 2 * (count - k);                                                                  \
            const edgegen_complex_##t b = { edgegen_fft_part_##t(mirror[0], p->scale),                                 \
                                            edgegen_fft_part_##t(edgegen_fft_less_##t(0, mirror[1]), p->scale) };      \
            const edgegen_complex_##t even = edgegen_complex_sum_##t(a, b);                                            \
            const edgegen_complex_##t odd = edgegen_complex_product_##t(edgegen_complex_less_##t(a, b),                \
                                                                        edgegen_complex_at_##t(half, k - 1));          \
            const edgegen_complex_##t rest = edgegen_complex_less_##t(even, odd);                                      \
            edgegen_complex_put_##t(z, place[k], edgegen_complex_sum_##t(even, odd));                                  \
            z[2 * place[count - k]] = rest.re;                                                                         \
            z[2 * place[count - k] + 1] = edgegen_fft_less_##t(0, rest.im);                                            \
        }                                                                                                              \
    }

EDGEGEN_FFT_REAL(s16, int16_t)
EDGEGEN_FFT_REAL(s32, int32_t)
EDGEGEN_FFT_REAL(f32, float)

/* stages: of any radix, or of 2 and 4 only, which takes half the flash.
 * order[count]: which complex number each place starts with; circle[count], half[count / 2]: complex factors;
 * place[count]: where each complex number starts */
#define EDGEGEN_FFT_KERNELS(name, t, type, stages)                                                                     \
    EDGEGEN_KERNEL void rfft_##name(const edgegen_fft *p, const type *x, const uint16_t *order, const type *circle,    \
                                    const type *half, type *y)                                                         \
    {                                                                                                                  \
        for (int32_t f = 0; f < p->frames; f++, x += p->length, y += 2 * (p->count + 1)) {                             \
            edgegen_fft_order_##t(p, x, order, y);                                                                     \
            edgegen_fft_##stages##_##t(p, y, circle, 0, 1);                                                            \
            edgegen_fft_split_##t(p->count, half, y);                                                                  \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    EDGEGEN_KERNEL void irfft_##name(const edgegen_fft *p, const type *x, const uint16_t *place, const type *circle,   \
                                     const type *half, type *y)                                                        \
    {                                                                                                                  \
        for (int32_t f = 0; f < p->frames; f++, x += 2 * (p->count + 1), y += 2 * p->count) {                          \
            edgegen_fft_join_##t(p, x, place, half, y);                                                                \
            edgegen_fft_##stages##_##t(p, y, circle, 1, 1);                                                            \
        }                                                                                                              \
    }

EDGEGEN_FFT_KERNELS(s16, s16, int16_t, any_radix)
EDGEGEN_FFT_KERNELS(s32, s32, int32_t, any_radix)
EDGEGEN_FFT_KERNELS(f32, f32, float, any_radix)
EDGEGEN_FFT_KERNELS(s16_radix_4, s16, int16_t, radix_4)
EDGEGEN_FFT_KERNELS(s32_radix_4, s32, int32_t, radix_4)
EDGEGEN_FFT_KERNELS(f32_radix_4, f32, float, radix_4)

#endif
