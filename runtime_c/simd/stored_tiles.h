/* Dense layer on f32 whose weights are codes, in register tiles: four vectors of units times a few rows of x, and two
 * vectors for the last units. Included after one of simd/floats_*.h, in which a vector may be one float. */
#ifndef EDGEGEN_SIMD_STORED_TILES_H
#define EDGEGEN_SIMD_STORED_TILES_H

#include "simd/floats_first.h"

typedef struct edgegen_stored_tiles edgegen_stored_tiles;

/* A block of units, of which `count` are stored, of some rows: four vectors of them if `wide`, else two. */
typedef void edgegen_stored_block(const edgegen_stored_tiles *p, int32_t all, int32_t wide, int32_t count,
                                  const float *x, const uint8_t *codes, const float *scales, const uint8_t *zeros,
                                  const float *bias, float *y);

/* piece: rows of x of which all blocks are computed before those of the next piece, a multiple of a tile's
 * wide:  blocks of four vectors; pair: bytes of codes of two vectors
 * group: codes of a unit that share a scale; scaled, zeroed: whether there are scales and zeros
 * backward: from the last piece to the first */
struct edgegen_stored_tiles {
    edgegen_stored_block *block;
    int32_t rows, piece, depth, units, wide, pair, group, scaled, zeroed, backward;
    float low, high;
};

EDGEGEN_INLINE edgegen_floats_2 edgegen_floats_of_integers(edgegen_words_2 v)
{
    const edgegen_floats_2 both = { edgegen_floats_of_words(v.first), edgegen_floats_of_words(v.second) };
    return both;
}

EDGEGEN_INLINE edgegen_floats_2 edgegen_floats_of_bf16(const uint16_t *c)
{
    const edgegen_words_2 v = edgegen_words_of_u16(c);
    const edgegen_floats_2 both = { edgegen_floats_as_words(EDGEGEN_WORDS_LEFT(v.first, 16)),
                                    edgegen_floats_as_words(EDGEGEN_WORDS_LEFT(v.second, 16)) };
    return both;
}

/* Small floats that are finite: their bits, moved to where those of an f32 are, make them 2^`by` too small. */
#define EDGEGEN_FLOATS_SMALL(name, magnitude, bits, sign, moved, by)                                                   \
    EDGEGEN_INLINE edgegen_floats edgegen_floats_small_##name(edgegen_words v)                                         \
    {                                                                                                                  \
        const edgegen_words number = EDGEGEN_WORDS_LEFT(edgegen_words_and(v, magnitude), bits);                        \
        const edgegen_words whole = edgegen_words_or(number, EDGEGEN_WORDS_LEFT(edgegen_words_and(v, sign), moved));   \
        return edgegen_floats_multiply(edgegen_floats_as_words(whole), edgegen_floats_spread(by));                     \
    }                                                                                                                  \
    EDGEGEN_INLINE edgegen_floats_2 edgegen_floats_of_##name(edgegen_words_2 v)                                        \
    {                                                                                                                  \
        const edgegen_floats_2 both = { edgegen_floats_small_##name(v.first), edgegen_floats_small_##name(v.second) }; \
        return both;                                                                                                   \
    }

EDGEGEN_FLOATS_SMALL(f8e4m3fn, 0x7f, 20, 0x80, 24, 0x1p120f)
EDGEGEN_FLOATS_SMALL(f8e4m3fnuz, 0x7f, 20, 0x80, 24, 0x1p119f)
EDGEGEN_FLOATS_SMALL(f8e5m2, 0x7f, 21, 0x80, 24, 0x1p112f)
EDGEGEN_FLOATS_SMALL(f8e5m2fnuz, 0x7f, 21, 0x80, 24, 0x1p111f)
EDGEGEN_FLOATS_SMALL(f4e2m1, 7, 22, 8, 28, 0x1p126f)

/* Two vectors of codes that start at `c`, a pointer to bytes. */
#define EDGEGEN_CODES_s8(c) edgegen_floats_of_integers(edgegen_words_of_s8(c))
#define EDGEGEN_CODES_u8(c) edgegen_floats_of_integers(edgegen_words_of_u8(c))
#define EDGEGEN_CODES_s4(c) edgegen_floats_of_integers(edgegen_words_of_s4(c))
#define EDGEGEN_CODES_u4(c) edgegen_floats_of_integers(edgegen_words_of_u4(c))
#define EDGEGEN_CODES_f16(c) edgegen_floats_of_halves((const uint16_t *)(const void *)(c))
#define EDGEGEN_CODES_bf16(c) edgegen_floats_of_bf16((const uint16_t *)(const void *)(c))
#define EDGEGEN_CODES_f8e4m3fn(c) edgegen_floats_of_f8e4m3fn(edgegen_words_of_u8(c))
#define EDGEGEN_CODES_f8e4m3fnuz(c) edgegen_floats_of_f8e4m3fnuz(edgegen_words_of_u8(c))
#define EDGEGEN_CODES_f8e5m2(c) edgegen_floats_of_f8e5m2(edgegen_words_of_u8(c))
#define EDGEGEN_CODES_f8e5m2fnuz(c) edgegen_floats_of_f8e5m2fnuz(edgegen_words_of_u8(c))
#define EDGEGEN_CODES_f4e2m1(c) edgegen_floats_of_f4e2m1(edgegen_words_of_u4(c))

/* a[r][g] += w * x of row r: `rows` and `vectors` are constants where this is used, so what lies beyond them is never
 * kept. Literal indices let every a[r][g] have a register of its own. */
#define EDGEGEN_STORED_ROW(r, g)                                                                                       \
    if (rows > r) {                                                                                                    \
        a[r][g] = edgegen_floats_add_product(a[r][g], w.first, x##r);                                                  \
        a[r][g + 1] = edgegen_floats_add_product(a[r][g + 1], w.second, x##r);                                         \
    }

#define EDGEGEN_STORED_PAIR(CODES, pair, scaled, zeroed, g)                                                          \
    if (vectors > g) {                                                                                                 \
        edgegen_floats_2 w = CODES(codes);                                                                             \
        codes += pair;                                                                                                 \
        if (zeroed) {                                                                                                  \
            w.first = edgegen_floats_subtract(w.first, z[g]);                                                          \
            w.second = edgegen_floats_subtract(w.second, z[g + 1]);                                                    \
        }                                                                                                              \
        if (scaled) {                                                                                                  \
            w.first = edgegen_floats_multiply(w.first, s[g]);                                                          \
            w.second = edgegen_floats_multiply(w.second, s[g + 1]);                                                    \
        }                                                                                                              \
        EDGEGEN_STORED_ROW(0, g)                                                                                       \
        EDGEGEN_STORED_ROW(1, g)                                                                                       \
        EDGEGEN_STORED_ROW(2, g)                                                                                       \
        EDGEGEN_STORED_ROW(3, g)                                                                                       \
    }

#define EDGEGEN_STORED_BEGIN(g)                                                                                        \
    if (vectors > g) {                                                                                                 \
        a[0][g] = a[1][g] = a[2][g] = a[3][g] = edgegen_floats_load(bias + g * EDGEGEN_FLOATS);                        \
    }

#define EDGEGEN_STORED_GROUP(scaled, zeroed, g)                                                                        \
    if (vectors > g && (scaled)) {                                                                                     \
        s[g] = edgegen_floats_load(scales + g * EDGEGEN_FLOATS);                                                       \
        s[g + 1] = edgegen_floats_load(scales + (g + 1) * EDGEGEN_FLOATS);                                             \
    }                                                                                                                  \
    if (vectors > g && (zeroed)) {                                                                                     \
        const edgegen_floats_2 both = edgegen_floats_of_integers(edgegen_words_of_u8(zeros + g * EDGEGEN_FLOATS));     \
        z[g] = both.first, z[g + 1] = both.second;                                                                     \
    }

#define EDGEGEN_STORED_END(r, g)                                                                                       \
    if (rows > r && vectors > g) {                                                                                     \
        const edgegen_floats end = edgegen_floats_clamp(a[r][g], p->low, p->high);                                     \
        edgegen_floats_store_first(y + r * p->units + g * EDGEGEN_FLOATS, end, count - g * EDGEGEN_FLOATS);            \
    }

#define EDGEGEN_STORED_FOUR(STEP)                                                                                      \
    STEP(0)                                                                                                            \
    STEP(1)                                                                                                            \
    STEP(2)                                                                                                            \
    STEP(3)

#define EDGEGEN_STORED_END_ROW(r)                                                                                      \
    EDGEGEN_STORED_END(r, 0)                                                                                           \
    EDGEGEN_STORED_END(r, 1)                                                                                           \
    EDGEGEN_STORED_END(r, 2)                                                                                           \
    EDGEGEN_STORED_END(r, 3)

/* Defines the block of a type of codes: [depth][vector], scales and zeros [group][vector]. */
#define EDGEGEN_STORED_BLOCK(name, CODES, pair, scaled, zeroed)                                                                        \
    EDGEGEN_INLINE void edgegen_stored_tile_##name(const edgegen_stored_tiles *p, const int32_t rows,          \
                                                   const int32_t vectors, int32_t count, const float *x,               \
                                                   const uint8_t *codes, const float *scales, const uint8_t *zeros,    \
                                                   const float *bias, float *y)                                        \
    {                                                                                                                  \
        edgegen_floats a[4][4], s[4], z[4];                                                                            \
        s[0] = s[1] = s[2] = s[3] = z[0] = z[1] = z[2] = z[3] = edgegen_floats_spread(0.0f);                           \
        EDGEGEN_STORED_FOUR(EDGEGEN_STORED_BEGIN)                                                                      \
        for (int32_t first = 0; first < p->depth; first += p->group) {                                                 \
            const int32_t end = edgegen_min_s32(first + p->group, p->depth);                                           \
            EDGEGEN_STORED_GROUP(scaled, zeroed, 0)                                                                    \
            EDGEGEN_STORED_GROUP(scaled, zeroed, 2)                                                                    \
            for (int32_t k = first; k < end; k++) {                                                                    \
                const edgegen_floats x0 = edgegen_floats_spread(x[k]);                                                 \
                const edgegen_floats x1 = rows > 1 ? edgegen_floats_spread(x[p->depth + k]) : x0;                      \
                const edgegen_floats x2 = rows > 2 ? edgegen_floats_spread(x[2 * p->depth + k]) : x0;                  \
                const edgegen_floats x3 = rows > 3 ? edgegen_floats_spread(x[3 * p->depth + k]) : x0;                  \
                EDGEGEN_STORED_PAIR(CODES, pair, scaled, zeroed, 0)                                                    \
                EDGEGEN_STORED_PAIR(CODES, pair, scaled, zeroed, 2)                                                    \
            }                                                                                                          \
            scales += (scaled) ? vectors * EDGEGEN_FLOATS : 0;                                                         \
            zeros += (zeroed) ? vectors * EDGEGEN_FLOATS : 0;                                                          \
        }                                                                                                              \
        EDGEGEN_STORED_FOUR(EDGEGEN_STORED_END_ROW)                                                                    \
    }                                                                                                                  \
    EDGEGEN_INLINE void edgegen_stored_rows_##name(const edgegen_stored_tiles *p, int32_t all, const int32_t vectors,  \
                                                   int32_t count, const float *x, const uint8_t *codes,                \
                                                   const float *scales, const uint8_t *zeros, const float *bias,       \
                                                   float *y)                                                           \
    {                                                                                                                  \
        int32_t r = 0;                                                                                                 \
        for (; r + EDGEGEN_FLOATS_ROWS <= all; r += EDGEGEN_FLOATS_ROWS) {                                             \
            edgegen_stored_tile_##name(p, EDGEGEN_FLOATS_ROWS, vectors, count, x + r * p->depth, codes, scales, zeros, \
                                       bias, y + r * p->units);                                                        \
        }                                                                                                              \
        for (; r < all; r++) {                                                                                         \
            edgegen_stored_tile_##name(p, 1, vectors, count, x + r * p->depth, codes, scales, zeros, bias,             \
                                       y + r * p->units);                                                              \
        }                                                                                                              \
    }                                                                                                                  \
    static EDGEGEN_NOINLINE EDGEGEN_UNUSED void edgegen_stored_block_##name(                                           \
        const edgegen_stored_tiles *p, int32_t all, int32_t wide, int32_t count, const float *x, const uint8_t *codes, \
        const float *scales, const uint8_t *zeros, const float *bias, float *y)                                        \
    {                                                                                                                  \
        if (wide != 0) {                                                                                               \
            edgegen_stored_rows_##name(p, all, 4, count, x, codes, scales, zeros, bias, y);                            \
        } else {                                                                                                       \
            edgegen_stored_rows_##name(p, all, 2, count, x, codes, scales, zeros, bias, y);                            \
        }                                                                                                              \
    }

/* All units of some rows. */
EDGEGEN_INLINE void edgegen_stored_piece(const edgegen_stored_tiles *p, int32_t all, const float *x, const void *codes,
                                         const float *scales, const uint8_t *zeros, const float *bias, float *y)
{
    const uint8_t *from = (const uint8_t *)codes;
    int32_t unit = 0;
    for (int32_t b = 0; unit < p->units; b++) {
        const int32_t wide = b < p->wide, size = (wide ? 4 : 2) * EDGEGEN_FLOATS;
        const int32_t groups = (p->depth + p->group - 1) / p->group;
        p->block(p, all, wide, edgegen_min_s32(size, p->units - unit), x, from, scales, zeros, bias, y + unit);
        from += (size_t)p->depth * (size_t)((wide ? 2 : 1) * p->pair);
        scales += p->scaled != 0 ? groups * size : 0;
        zeros += p->zeroed != 0 ? groups * size : 0;
        bias += size;
        unit += size;
    }
}

/* x[rows,depth] * codes + bias -> y[rows,units] */
EDGEGEN_INLINE void edgegen_stored_tiles_run(const edgegen_stored_tiles *p, const float *x, const void *codes,
                                             const float *scales, const uint8_t *zeros, const float *bias, float *y)
{
    const int32_t pieces = (p->rows + p->piece - 1) / p->piece;
    EDGEGEN_EACH(i, pieces, p->backward) {
        const int32_t first = i * p->piece, all = edgegen_min_s32(p->piece, p->rows - first);
        edgegen_stored_piece(p, all, x + first * p->depth, codes, scales, zeros, bias, y + first * p->units);
    }
}

#endif
