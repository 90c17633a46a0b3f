/* Products of s8 rows and weights on ARMv8.0: SMULL and SMLAL2 add products in pairs as s16, SADALP adds those as s32.
 * Tiles are 1 or 2 rows times 8 units, each sum spread over 4 lanes until the end. */
#ifndef EDGEGEN_SIMD_NEON_PAIRS_H
#define EDGEGEN_SIMD_NEON_PAIRS_H

#include "simd/neon_tile.h"

/* p[r][i] = products of the 16 bytes of x[r] and w[i], those of bytes 8 apart added. Two of them fit s16 unless both
 * weights are -128: then `apart` keeps them apart, and these are the products of the first 8 bytes only. The block of
 * assembly keeps gcc from copying sums between registers. */
#if defined(__GNUC__)
#define EDGEGEN_PAIRS_MULTIPLY16                                                                                       \
    if (rows == 2 && !apart) {                                                                                         \
        __asm__("smull %0.8h, %4.8b, %6.8b\n\t"                                                                        \
                "smull %1.8h, %5.8b, %6.8b\n\t"                                                                        \
                "smull %2.8h, %4.8b, %7.8b\n\t"                                                                        \
                "smull %3.8h, %5.8b, %7.8b\n\t"                                                                        \
                "smlal2 %0.8h, %4.16b, %6.16b\n\t"                                                                     \
                "smlal2 %1.8h, %5.16b, %6.16b\n\t"                                                                     \
                "smlal2 %2.8h, %4.16b, %7.16b\n\t"                                                                     \
                "smlal2 %3.8h, %5.16b, %7.16b"                                                                         \
                : "=&w"(p[0][0]), "=&w"(p[0][1]), "=&w"(p[1][0]), "=&w"(p[1][1])                                       \
                : "w"(w0), "w"(w1), "w"(x[0]), "w"(x[1]));                                                             \
    } else
#else
#define EDGEGEN_PAIRS_MULTIPLY16
#endif

#define EDGEGEN_PAIRS_MULTIPLY8(r)                                                                                     \
    p[r][0] = vmull_s8(vget_low_s8(w0), vget_low_s8(x[r]));                                                            \
    p[r][1] = vmull_s8(vget_low_s8(w1), vget_low_s8(x[r]));

#define EDGEGEN_PAIRS_ADD(FRESH, r, u)                                                                                 \
    a[r][u] = FRESH ? vpaddlq_s16(p[r][0]) : vpadalq_s16(a[r][u], p[r][0]);                                            \
    a[r][u + 1] = FRESH ? vpaddlq_s16(p[r][1]) : vpadalq_s16(a[r][u + 1], p[r][1]);

/* Two units of a chunk of 16 bytes, then of 8. */
#define EDGEGEN_PAIRS_UNITS16(FRESH, u)                                                                                \
    {                                                                                                                  \
        const int8x16_t w0 = vld1q_s8(w + 16 * u), w1 = vld1q_s8(w + 16 * u + 16);                                     \
        int16x8_t p[2][2];                                                                                             \
        EDGEGEN_PAIRS_MULTIPLY16                                                                                       \
        {                                                                                                              \
            EDGEGEN_PAIRS_MULTIPLY8(0)                                                                                 \
            EDGEGEN_PAIRS_MULTIPLY8(1)                                                                                 \
            if (!apart) {                                                                                              \
                p[0][0] = vmlal_high_s8(p[0][0], w0, x[0]);                                                            \
                p[0][1] = vmlal_high_s8(p[0][1], w1, x[0]);                                                            \
                p[1][0] = vmlal_high_s8(p[1][0], w0, x[1]);                                                            \
                p[1][1] = vmlal_high_s8(p[1][1], w1, x[1]);                                                            \
            }                                                                                                          \
        }                                                                                                              \
        EDGEGEN_PAIRS_ADD(FRESH, 0, u)                                                                                 \
        EDGEGEN_PAIRS_ADD(FRESH, 1, u)                                                                                 \
        if (apart) {                                                                                                   \
            p[0][0] = vmull_high_s8(w0, x[0]);                                                                         \
            p[0][1] = vmull_high_s8(w1, x[0]);                                                                         \
            p[1][0] = vmull_high_s8(w0, x[1]);                                                                         \
            p[1][1] = vmull_high_s8(w1, x[1]);                                                                         \
            EDGEGEN_PAIRS_ADD(0, 0, u)                                                                                 \
            EDGEGEN_PAIRS_ADD(0, 1, u)                                                                                 \
        }                                                                                                              \
        EDGEGEN_TILE_KEEP_ORDER                                                                                        \
    }
#define EDGEGEN_PAIRS_UNITS8(FRESH, u)                                                                                 \
    {                                                                                                                  \
        const int8x16_t w0 = edgegen_neon_load8_s8(w + 8 * u), w1 = edgegen_neon_load8_s8(w + 8 * u + 8);              \
        int16x8_t p[2][2];                                                                                             \
        EDGEGEN_PAIRS_MULTIPLY8(0)                                                                                     \
        EDGEGEN_PAIRS_MULTIPLY8(1)                                                                                     \
        EDGEGEN_PAIRS_ADD(FRESH, 0, u)                                                                                 \
        EDGEGEN_PAIRS_ADD(FRESH, 1, u)                                                                                 \
        EDGEGEN_TILE_KEEP_ORDER                                                                                        \
    }

/* Windows that may reach beyond the sides of the image.
 * left:  bytes that the first window starts before its rows; size: bytes of a row, at least 16; fill: what lies beyond
 * start: where in a row its run starts */
typedef struct {
    int32_t left, size, start;
    int8x16_t fill;
} edgegen_neon_sides;

/* 16 bytes from `at` of the row of a run. */
EDGEGEN_INLINE int8x16_t edgegen_neon_load_sides(const int8_t *run, int32_t at, const edgegen_neon_sides *sides)
{
    static const uint8_t places[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const int32_t inside = edgegen_clamp_s32(at, 0, sides->size - 16);
    const int32_t beyond = edgegen_clamp_s32(at - inside, -16, 16);
    const uint8x16_t from = vaddq_u8(vld1q_u8(places), vdupq_n_u8((uint8_t)(beyond & 0xff)));
    return vqtbx1q_s8(sides->fill, vld1q_s8(run + (inside - sides->start)), from);
}

/* All 8 units; rows beyond the tile's are computed in name only, since nothing uses them. */
#define EDGEGEN_PAIRS_CHUNK(UNITS, LOAD, SIZE, FRESH, k)                                                               \
    {                                                                                                                  \
        int8x16_t x[2];                                                                                                \
        if (sides != NULL) {                                                                                           \
            x[0] = edgegen_neon_load_sides(from, first * in->step - sides->left + (k), sides);                         \
            x[1] = edgegen_neon_load_sides(from, second * in->step - sides->left + (k), sides);                        \
        } else {                                                                                                       \
            x[0] = LOAD(from + (k));                                                                                   \
            x[1] = rows > 1 ? LOAD(from + in->step + (k)) : x[0];                                                      \
        }                                                                                                              \
        UNITS(FRESH, 0)                                                                                                \
        UNITS(FRESH, 2)                                                                                                \
        UNITS(FRESH, 4)                                                                                                \
        UNITS(FRESH, 6)                                                                                                \
        w += 8 * SIZE;                                                                                                 \
    }
#define EDGEGEN_PAIRS_CHUNK16(FRESH, k) EDGEGEN_PAIRS_CHUNK(EDGEGEN_PAIRS_UNITS16, vld1q_s8, 16, FRESH, k)
#define EDGEGEN_PAIRS_CHUNK8(FRESH, k) EDGEGEN_PAIRS_CHUNK(EDGEGEN_PAIRS_UNITS8, edgegen_neon_load8_s8, 8, FRESH, k)

/* a[r][u]: sums of rows `first` and, with rows 2, `second` of x times 8 units, in 4 parts each.
 * sides: NULL where windows lie in their runs, and `second` is the row behind `first`
 * w: [runs][chunks][8][16]. What is left of a run after 16 bytes at a time is one more chunk, its last 8 or 16 bytes;
 * weights of bytes that are read twice are zero there. */
EDGEGEN_INLINE void edgegen_pairs_accumulate(const edgegen_neon_rows *in, const edgegen_neon_sides *sides,
                                             int32_t first, int32_t second, const int32_t rows, int32_t apart,
                                             const int8_t *w, int32x4_t a[2][8])
{
    const int32_t left = in->bytes % 16, start = sides != NULL ? 0 : first * in->step;
    const int8_t *from = (const int8_t *)in->run[0] + start;
    int32_t k = 16;
    if (in->bytes >= 16) {
        EDGEGEN_PAIRS_CHUNK16(1, 0)
    } else {
        EDGEGEN_PAIRS_CHUNK8(1, 0)
    }
    for (int32_t r = 0;;) {
        for (; k + 16 <= in->bytes; k += 16) {
            EDGEGEN_PAIRS_CHUNK16(0, k)
        }
        if (left > 8) {
            EDGEGEN_PAIRS_CHUNK16(0, in->bytes - 16)
        } else if (left > 0 && k < in->bytes) {
            EDGEGEN_PAIRS_CHUNK8(0, in->bytes - 8)
        }
        if (++r >= in->runs) {
            break;
        }
        from = (const int8_t *)in->run[r] + start;
        k = 0;
    }
}

/* The whole sums of 4 units, and their biases. */
EDGEGEN_INLINE int32x4_t edgegen_pairs_reduce(const int32x4_t *a, int32x4_t bias)
{
    return vaddq_s32(vpaddq_s32(vpaddq_s32(a[0], a[1]), vpaddq_s32(a[2], a[3])), bias);
}

/* count: units stored, at most 8, from the one `at` on; sums: y holds s32, the sums as they are, else s8 */
EDGEGEN_INLINE void edgegen_pairs_tile(const edgegen_neon_rows *in, const edgegen_neon_sides *sides,
                                       const edgegen_neon_output *out, int32_t first, int32_t second,
                                       const int32_t rows, int32_t apart, const int8_t *w, const int32_t *epilogue,
                                       const int32_t sums, int32_t at, int32_t count, void *results)
{
    const int32_t next = (sides != NULL ? second - first : 1) * out->step;
    int32x4_t a[2][8];
    EDGEGEN_TILE_BEGIN(w)
    EDGEGEN_TILE_BEGIN(epilogue)
    edgegen_pairs_accumulate(in, sides, first, second, rows, apart, w, a);
    const int32x4_t b0 = vld1q_s32(epilogue), b1 = vld1q_s32(epilogue + 12);
    if (sums) {
        int32_t *const to = (int32_t *)results + at + first * out->step;
        edgegen_neon_store8_s32(to, edgegen_pairs_reduce(a[0], b0), edgegen_pairs_reduce(a[0] + 4, b1), count);
        if (rows > 1) {
            const int32x4_t low = edgegen_pairs_reduce(a[1], b0), high = edgegen_pairs_reduce(a[1] + 4, b1);
            edgegen_neon_store8_s32(to + next, low, high, count);
        }
        return;
    }
    const edgegen_neon_factor f0 = edgegen_neon_load_factor(epilogue + 4), f1 = edgegen_neon_load_factor(epilogue + 16);
    int8_t *const y = (int8_t *)results + at + first * out->step;
    int16x8_t v[2];
    v[0] = edgegen_neon_join(edgegen_neon_scale(edgegen_pairs_reduce(a[0], b0), f0, out),
                             edgegen_neon_scale(edgegen_pairs_reduce(a[0] + 4, b1), f1, out));
    if (rows > 1) {
        v[1] = edgegen_neon_join(edgegen_neon_scale(edgegen_pairs_reduce(a[1], b0), f0, out),
                                 edgegen_neon_scale(edgegen_pairs_reduce(a[1] + 4, b1), f1, out));
        const int8x16_t both = edgegen_neon_narrow16(v[0], v[1], out);
        edgegen_neon_store8_s8(y, vget_low_s8(both), count);
        edgegen_neon_store8_s8(y + next, vget_high_s8(both), count);
    } else {
        edgegen_neon_store8_s8(y, edgegen_neon_narrow8(v[0], out), count);
    }
}

/* `count` rows of x times all units -> y, s8 or, with `sums`, s32; units are packed in blocks of 8 (see
 * codegen/ops/neon_tiles.py). */
EDGEGEN_KERNEL void edgegen_pairs_multiply(const edgegen_neon_rows *in, const edgegen_neon_output *out, int32_t count,
                                           int32_t apart, int32_t units, const int8_t *w, const int32_t *epilogue,
                                           const int32_t sums, void *y)
{
    const int32_t run = (in->bytes + 7) / 8 * 8;
    for (int32_t o = 0; o < units; o += 8) {
        const int32_t at = edgegen_max_s32(edgegen_min_s32(o, units - 8), 0);
        const int32_t stored = edgegen_min_s32(units, 8);
        int32_t i = 0;
        for (; i + 2 <= count; i += 2) {
            edgegen_pairs_tile(in, NULL, out, i, i + 1, 2, apart, w, epilogue, sums, at, stored, y);
        }
        if (i < count) {
            edgegen_pairs_tile(in, NULL, out, i, i, 1, apart, w, epilogue, sums, at, stored, y);
        }
        w += 8 * in->runs * run;
        epilogue += 24;
    }
}

/* The rows of x, of `count`, that are not from `begin` to before `end`, and may reach beyond the sides, times all units
 * -> y. */
EDGEGEN_KERNEL void edgegen_pairs_multiply_sides(const edgegen_neon_rows *in, const edgegen_neon_sides *sides,
                                                 const edgegen_neon_output *out, int32_t begin, int32_t end,
                                                 int32_t count, int32_t apart, int32_t units, const int8_t *w,
                                                 const int32_t *epilogue, int8_t *y)
{
    const int32_t run = (in->bytes + 7) / 8 * 8;
    for (int32_t o = 0; o < units; o += 8) {
        const int32_t at = edgegen_max_s32(edgegen_min_s32(o, units - 8), 0);
        for (int32_t i = begin > 0 ? 0 : end; i < count;) {
            const int32_t second = edgegen_min_s32(i + 1, (i < begin ? begin : count) - 1);
            edgegen_pairs_tile(in, sides, out, i, second, 2, apart, w, epilogue, 0, at, edgegen_min_s32(units, 8), y);
            i = second + 1 == begin ? end : second + 1;
        }
        w += 8 * in->runs * run;
        epilogue += 24;
    }
}

#endif
