/* Products of f16 rows and weights with FMLA by lane, eight units at a time.
 *
 * At most 16 products are added up in f16, and these sums in f32. So no sum is off by more than 16 roundings of f16,
 * each at most 2^-11 of the products' magnitudes. Where f16 is too small for such a sum, the tile is computed again in
 * f32. */
#ifndef EDGEGEN_SIMD_NEON_F16_H
#define EDGEGEN_SIMD_NEON_F16_H

#include "simd/neon_halves.h"
#include "simd/neon_tile.h"

/* gcc 12 spreads each lane but the first over a whole register before it multiplies, and copies sums from register to
 * register, which is more than twice as much; so it is given instructions. They take lanes from registers 0 to 15. */
#if defined(__GNUC__) && !defined(__clang__)
#define EDGEGEN_F16_ADD(s, w, x, lane) __asm__("fmla %0.8h, %1.8h, %2.h[" #lane "]" : "+w"(s) : "w"(w), "x"(x));
#else
#define EDGEGEN_F16_ADD(s, w, x, lane) s = vfmaq_laneq_f16(s, w, x, lane);
#endif

#define EDGEGEN_F16_ROW(r, lane, BEGIN)                                                                                \
    if (rows > r && (BEGIN)) {                                                                                         \
        s[r] = vmulq_laneq_f16(w0, x[r], lane);                                                                        \
    } else if (rows > r) {                                                                                             \
        EDGEGEN_F16_ADD(s[r], w0, x[r], lane)                                                                          \
    }

/* s[r] += the weights of a lane times that lane of x[r], or = */
#define EDGEGEN_F16_LANE(lane, BEGIN)                                                                                  \
    {                                                                                                                  \
        const float16x8_t w0 = edgegen_neon_load_f16(w);                                                               \
        EDGEGEN_F16_ROW(0, lane, BEGIN)                                                                                \
        EDGEGEN_F16_ROW(1, lane, BEGIN)                                                                                \
        EDGEGEN_F16_ROW(2, lane, BEGIN)                                                                                \
        EDGEGEN_F16_ROW(3, lane, BEGIN)                                                                                \
        EDGEGEN_F16_ROW(4, lane, BEGIN)                                                                                \
        EDGEGEN_F16_ROW(5, lane, BEGIN)                                                                                \
        w += 8;                                                                                                        \
    }

/* Eight lanes: one piece of assembly, since gcc copies sums between pieces. */
#if defined(__GNUC__) && !defined(__clang__)

#define EDGEGEN_F16_TEXT(r, multiply, w, lane) multiply " %[s" #r "].8h, %[" w "].8h, %[x" #r "].h[" lane "]\n"
#define EDGEGEN_F16_TEXT_1(...) EDGEGEN_F16_TEXT(0, __VA_ARGS__)
#define EDGEGEN_F16_TEXT_2(...) EDGEGEN_F16_TEXT_1(__VA_ARGS__) EDGEGEN_F16_TEXT(1, __VA_ARGS__)
#define EDGEGEN_F16_TEXT_3(...) EDGEGEN_F16_TEXT_2(__VA_ARGS__) EDGEGEN_F16_TEXT(2, __VA_ARGS__)
#define EDGEGEN_F16_TEXT_4(...) EDGEGEN_F16_TEXT_3(__VA_ARGS__) EDGEGEN_F16_TEXT(3, __VA_ARGS__)
#define EDGEGEN_F16_TEXT_5(...) EDGEGEN_F16_TEXT_4(__VA_ARGS__) EDGEGEN_F16_TEXT(4, __VA_ARGS__)
#define EDGEGEN_F16_TEXT_6(...) EDGEGEN_F16_TEXT_5(__VA_ARGS__) EDGEGEN_F16_TEXT(5, __VA_ARGS__)

/* Operands of so many rows: sums, written or also read, and lanes. */
#define EDGEGEN_F16_SUMS_1(how) [s0] how(s[0])
#define EDGEGEN_F16_SUMS_2(how) EDGEGEN_F16_SUMS_1(how), [s1] how(s[1])
#define EDGEGEN_F16_SUMS_3(how) EDGEGEN_F16_SUMS_2(how), [s2] how(s[2])
#define EDGEGEN_F16_SUMS_4(how) EDGEGEN_F16_SUMS_3(how), [s3] how(s[3])
#define EDGEGEN_F16_SUMS_5(how) EDGEGEN_F16_SUMS_4(how), [s4] how(s[4])
#define EDGEGEN_F16_SUMS_6(how) EDGEGEN_F16_SUMS_5(how), [s5] how(s[5])
#define EDGEGEN_F16_FROM_1 [x0] "x"(x[0])
#define EDGEGEN_F16_FROM_2 EDGEGEN_F16_FROM_1, [x1] "x"(x[1])
#define EDGEGEN_F16_FROM_3 EDGEGEN_F16_FROM_2, [x2] "x"(x[2])
#define EDGEGEN_F16_FROM_4 EDGEGEN_F16_FROM_3, [x3] "x"(x[3])
#define EDGEGEN_F16_FROM_5 EDGEGEN_F16_FROM_4, [x4] "x"(x[4])
#define EDGEGEN_F16_FROM_6 EDGEGEN_F16_FROM_5, [x5] "x"(x[5])

#define EDGEGEN_F16_PIECE(rows, how, first)                                                                            \
    case rows:                                                                                                         \
        __asm__("ldp %q[w0], %q[w1], [%[w]], 32\n" EDGEGEN_F16_TEXT_##rows(first, "w0", "0")                           \
                EDGEGEN_F16_TEXT_##rows("fmla", "w1", "1")                                                             \
                "ldp %q[w0], %q[w1], [%[w]], 32\n" EDGEGEN_F16_TEXT_##rows("fmla", "w0", "2")                          \
                EDGEGEN_F16_TEXT_##rows("fmla", "w1", "3")                                                             \
                "ldp %q[w0], %q[w1], [%[w]], 32\n" EDGEGEN_F16_TEXT_##rows("fmla", "w0", "4")                          \
                EDGEGEN_F16_TEXT_##rows("fmla", "w1", "5")                                                             \
                "ldp %q[w0], %q[w1], [%[w]], 32\n" EDGEGEN_F16_TEXT_##rows("fmla", "w0", "6")                          \
                EDGEGEN_F16_TEXT_##rows("fmla", "w1", "7")                                                             \
                : EDGEGEN_F16_SUMS_##rows(how), [w] "+r"(w), [w0] "=&w"(w0), [w1] "=&w"(w1)                            \
                : EDGEGEN_F16_FROM_##rows, "m"(*(const uint16_t(*)[64])(const void *)w));                              \
        break;
#define EDGEGEN_F16_PIECES(how, first)                                                                                 \
    {                                                                                                                  \
        float16x8_t w0, w1;                                                                                            \
        switch (rows) {                                                                                                \
            EDGEGEN_F16_PIECE(1, how, first)                                                                           \
            EDGEGEN_F16_PIECE(2, how, first)                                                                           \
            EDGEGEN_F16_PIECE(3, how, first)                                                                           \
            EDGEGEN_F16_PIECE(4, how, first)                                                                           \
            EDGEGEN_F16_PIECE(5, how, first)                                                                           \
            EDGEGEN_F16_PIECE(6, how, first)                                                                           \
        }                                                                                                              \
    }
#define EDGEGEN_F16_BEGIN_LANES EDGEGEN_F16_PIECES("=&w", "fmul")
#define EDGEGEN_F16_ADD_LANES EDGEGEN_F16_PIECES("+w", "fmla")

#else

#define EDGEGEN_F16_PAIR(lane, next, BEGIN)                                                                            \
    EDGEGEN_F16_LANE(lane, BEGIN)                                                                                      \
    EDGEGEN_F16_LANE(next, 0)                                                                                          \
    EDGEGEN_TILE_KEEP_ORDER
#define EDGEGEN_F16_LANES(BEGIN)                                                                                       \
    EDGEGEN_F16_PAIR(0, 1, BEGIN)                                                                                      \
    EDGEGEN_F16_PAIR(2, 3, 0)                                                                                          \
    EDGEGEN_F16_PAIR(4, 5, 0)                                                                                          \
    EDGEGEN_F16_PAIR(6, 7, 0)
#define EDGEGEN_F16_BEGIN_LANES EDGEGEN_F16_LANES(1)
#define EDGEGEN_F16_ADD_LANES EDGEGEN_F16_LANES(0)

#endif

/* A statement for each row of a tile. */
#define EDGEGEN_F16_EACH_ROW(STATEMENT)                                                                                \
    STATEMENT(0)                                                                                                       \
    STATEMENT(1)                                                                                                       \
    STATEMENT(2)                                                                                                       \
    STATEMENT(3)                                                                                                       \
    STATEMENT(4)                                                                                                       \
    STATEMENT(5)

#define EDGEGEN_F16_ADD_UP(r)                                                                                          \
    if (rows > r) {                                                                                                    \
        a[r][0] = vaddq_f32(a[r][0], vcvt_f32_f16(vget_low_f16(s[r])));                                                \
        a[r][1] = vaddq_f32(a[r][1], vcvt_high_f32_f16(s[r]));                                                         \
    }

/* Rows of so many runs of `count` elements, `step` elements from row to row: as edgegen_neon_rows has them, but known
 * when this is compiled where shapes are. */
typedef struct {
    int32_t runs, count, step;
} edgegen_f16_shape;

/* a[r] += rows first to first + rows - 1 of x times 8 units. w: [runs][elements of a run][8]. What is left of a run
 * after 8 elements at a time is read as the last lanes of its last 8. */
EDGEGEN_INLINE void edgegen_f16_accumulate(const edgegen_neon_rows *in, edgegen_f16_shape shape, int32_t first,
                                           const int32_t rows, const uint16_t *w, float32x4_t a[6][2])
{
    const int32_t step = shape.step, count = shape.count, left = count % 8;
    float16x8_t x[6], s[6];
    for (int32_t r = 0; r < shape.runs; r++) {
        const uint16_t *from = (const uint16_t *)(const void *)in->run[r] + first * step;
        int32_t k = 0;
        for (; k + 16 <= count; k += 16) {
            EDGEGEN_TILE_LOAD(edgegen_neon_load_f16, from + k)
            EDGEGEN_F16_BEGIN_LANES
            EDGEGEN_TILE_LOAD(edgegen_neon_load_f16, from + k + 8)
            EDGEGEN_F16_ADD_LANES
            EDGEGEN_F16_EACH_ROW(EDGEGEN_F16_ADD_UP)
        }
        if (k < count) {
            s[0] = s[1] = s[2] = s[3] = s[4] = s[5] = vreinterpretq_f16_u16(vdupq_n_u16(0));
            if (k + 8 <= count) {
                EDGEGEN_TILE_LOAD(edgegen_neon_load_f16, from + k)
                EDGEGEN_F16_BEGIN_LANES
            }
            if (left > 0) {
                EDGEGEN_TILE_LOAD(edgegen_neon_load_f16, from + count - 8)
                if (left > 6) {
                    EDGEGEN_F16_LANE(1, 0)
                }
                if (left > 5) {
                    EDGEGEN_F16_LANE(2, 0)
                }
                if (left > 4) {
                    EDGEGEN_F16_LANE(3, 0)
                }
                if (left > 3) {
                    EDGEGEN_F16_LANE(4, 0)
                }
                if (left > 2) {
                    EDGEGEN_F16_LANE(5, 0)
                }
                if (left > 1) {
                    EDGEGEN_F16_LANE(6, 0)
                }
                EDGEGEN_F16_LANE(7, 0)
            }
            EDGEGEN_F16_EACH_ROW(EDGEGEN_F16_ADD_UP)
        }
    }
}

/* One row times 8 units, in f32. */
static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_f16_row_in_f32(const edgegen_neon_rows *in, int32_t row,
                                                                   const uint16_t *w, const float *bias, float *sums)
{
    float32x4_t low = vld1q_f32(bias), high = vld1q_f32(bias + 4);
    for (int32_t r = 0; r < in->runs; r++) {
        const uint8_t *from = in->run[r] + row * in->step;
        for (int32_t k = 0; k < in->bytes; k += 2) {
            const float16x8_t units = edgegen_neon_load_f16(w);
            uint16_t bits;
            memcpy(&bits, from + k, sizeof bits);
            const float32x4_t x = vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(bits)));
            low = vfmaq_f32(low, vcvt_f32_f16(vget_low_f16(units)), x);
            high = vfmaq_f32(high, vcvt_high_f32_f16(units), x);
            w += 8;
        }
    }
    vst1q_f32(sums, low);
    vst1q_f32(sums + 4, high);
}

/* One tile: rows times 8 units, of which `count` are stored; step: from row to row of y. */
EDGEGEN_INLINE void edgegen_f16_tile(const edgegen_neon_rows *in, edgegen_f16_shape shape,
                                     edgegen_neon_bounds_f16 bounds, int32_t step, int32_t first, const int32_t rows,
                                     int32_t count, const uint16_t *w, const float *bias, uint16_t *y)
{
    float32x4_t a[6][2];
    float16x8_t v[6], watched = vreinterpretq_f16_u16(vdupq_n_u16(0));
    EDGEGEN_TILE_BEGIN(w)
    EDGEGEN_TILE_BEGIN(bias)
    const float32x4_t b0 = vld1q_f32(bias), b1 = vld1q_f32(bias + 4);
#define EDGEGEN_F16_BEGIN(r) a[r][0] = b0, a[r][1] = b1;
    EDGEGEN_F16_EACH_ROW(EDGEGEN_F16_BEGIN)
#undef EDGEGEN_F16_BEGIN
    edgegen_f16_accumulate(in, shape, first, rows, w, a);
#define EDGEGEN_F16_ROUND(r)                                                                                           \
    if (rows > r) {                                                                                                    \
        v[r] = edgegen_neon_round_f16(a[r][0], a[r][1]);                                                               \
        watched = edgegen_neon_watch_f16(watched, v[r]);                                                               \
    }
    EDGEGEN_F16_EACH_ROW(EDGEGEN_F16_ROUND)
#undef EDGEGEN_F16_ROUND
    const int again = !edgegen_neon_was_finite(watched);
    if (again) {
#define EDGEGEN_F16_AGAIN(r)                                                                                           \
    if (rows > r) {                                                                                                    \
        float sums[8];                                                                                                 \
        edgegen_f16_row_in_f32(in, first + r, w, bias, sums);                                                          \
        v[r] = edgegen_neon_round_f16(vld1q_f32(sums), vld1q_f32(sums + 4));                                           \
    }
        EDGEGEN_F16_EACH_ROW(EDGEGEN_F16_AGAIN)
#undef EDGEGEN_F16_AGAIN
    }
#define EDGEGEN_F16_STORE(r)                                                                                           \
    if (rows > r) {                                                                                                    \
        edgegen_neon_store8_f16(y + (first + r) * step, edgegen_neon_clamp_f16(v[r], bounds), count);                  \
    }
    EDGEGEN_F16_EACH_ROW(EDGEGEN_F16_STORE)
#undef EDGEGEN_F16_STORE
}

/* All tiles of `count` rows and 8 units, `rows` rows at a time; the last tile steps back to stay inside. */
#define EDGEGEN_F16_TILES(rows)                                                                                        \
    case rows:                                                                                                         \
        for (int32_t i = 0; i < count; i += rows) {                                                                    \
            edgegen_f16_tile(in, shape, bounds, step, edgegen_min_s32(i, count - rows), rows, units, w, bias, y);      \
        }                                                                                                              \
        break;

EDGEGEN_INLINE void edgegen_f16_tiles(const edgegen_neon_rows *in, edgegen_f16_shape shape,
                                      edgegen_neon_bounds_f16 bounds, int32_t step, int32_t count, int32_t tile,
                                      int32_t units, const uint16_t *w, const float *bias, uint16_t *y)
{
    switch (EDGEGEN_TILE_ROWS(tile)) {
    default:
        EDGEGEN_F16_TILES(1)
        EDGEGEN_TILE_FOR_SPEED(EDGEGEN_F16_TILES(2))
        EDGEGEN_TILE_FOR_SPEED(EDGEGEN_F16_TILES(3))
        EDGEGEN_F16_TILES(4)
        EDGEGEN_TILE_FOR_SPEED(EDGEGEN_F16_TILES(5))
        EDGEGEN_TILE_FOR_SPEED(EDGEGEN_F16_TILES(6))
    }
}

/* `count` rows of x times all units -> y; units are packed in blocks of 8 (see codegen/ops/neon_tiles.py). */
EDGEGEN_KERNEL void edgegen_f16_multiply(const edgegen_neon_rows *in, edgegen_f16_shape shape,
                                         const edgegen_neon_output_f32 *out, int32_t count, int32_t tile, int32_t units,
                                         const uint16_t *w, const float *bias, uint16_t *y)
{
    const edgegen_neon_bounds_f16 bounds = edgegen_neon_bounds(out->low, out->high);
    const int32_t block = 8 * shape.runs * shape.count;
    for (int32_t o = 0; o < units; o += 8) {
        const int32_t at = edgegen_max_s32(edgegen_min_s32(o, units - 8), 0);
        edgegen_f16_tiles(in, shape, bounds, out->step, count, tile, edgegen_min_s32(units, 8), w, bias, y + at);
        w += block;
        bias += 8;
    }
}

#endif
