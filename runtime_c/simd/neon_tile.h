/* Register tiles whose inputs are taken lane by lane: 1 to 6 rows times 16 or 8 units (SDOT, SMLAL, FMLA). */
#ifndef EDGEGEN_SIMD_NEON_TILE_H
#define EDGEGEN_SIMD_NEON_TILE_H

#include "simd/neon.h"

/* A row of windows of x, or rows of a matrix: run r of row i is `bytes` bytes at run[r] + i * step. */
enum { EDGEGEN_NEON_RUNS = 64 };

typedef struct {
    const uint8_t *run[EDGEGEN_NEON_RUNS];
    int32_t runs, bytes, step;
} edgegen_neon_rows;

/* Loads through `pointer` stay after EDGEGEN_TILE_BEGIN, and all loads on their side of EDGEGEN_TILE_KEEP_ORDER.
 * Without them gcc loads all weights of a step ahead, or keeps biases for the next tile, and spills accumulators;
 * without EDGEGEN_TILE_NO_COPY it spreads lanes over whole registers to use them twice. */
#if defined(__GNUC__)
#define EDGEGEN_TILE_BEGIN(pointer) __asm__ volatile("" : "+r"(pointer));
#define EDGEGEN_TILE_KEEP_ORDER __asm__ volatile("" ::: "memory");
#define EDGEGEN_TILE_NO_COPY(x) __asm__("" : "+w"(x));
#else
#define EDGEGEN_TILE_BEGIN(pointer)
#define EDGEGEN_TILE_KEEP_ORDER
#define EDGEGEN_TILE_NO_COPY(x)
#endif

/* Where flash counts there are only tiles of 1 and 4 rows. */
#if defined(EDGEGEN_OPTIMIZE_SIZE)
#define EDGEGEN_TILE_FOR_SPEED(rows)
#define EDGEGEN_TILE_ROWS(tile) ((tile) >= 4 ? 4 : 1)
#else
#define EDGEGEN_TILE_FOR_SPEED(rows) rows
#define EDGEGEN_TILE_ROWS(tile) (tile)
#endif

/* a[r][g] += w[g] * lane of x[r]: `rows` and `groups` (of 4 units) are constants where this is used, so what lies
 * beyond them is never kept. Literal indices let every a[r][g] have a register of its own. */
#define EDGEGEN_TILE_ROW(MULTIPLY, r, g, lane)                                                                         \
    if (rows > r) {                                                                                                    \
        EDGEGEN_TILE_NO_COPY(x[r])                                                                                     \
        a[r][g] = MULTIPLY(a[r][g], w0, x[r], lane);                                                                   \
        a[r][g + 1] = MULTIPLY(a[r][g + 1], w1, x[r], lane);                                                           \
    }

#define EDGEGEN_TILE_PAIR(VECTOR, LOAD, SIZE, MULTIPLY, g, lane)                                                       \
    if (groups > g) {                                                                                                  \
        const VECTOR w0 = LOAD(w), w1 = LOAD(w + SIZE);                                                                \
        EDGEGEN_TILE_ROW(MULTIPLY, 0, g, lane)                                                                         \
        EDGEGEN_TILE_ROW(MULTIPLY, 1, g, lane)                                                                         \
        EDGEGEN_TILE_ROW(MULTIPLY, 2, g, lane)                                                                         \
        EDGEGEN_TILE_ROW(MULTIPLY, 3, g, lane)                                                                         \
        EDGEGEN_TILE_ROW(MULTIPLY, 4, g, lane)                                                                         \
        EDGEGEN_TILE_ROW(MULTIPLY, 5, g, lane)                                                                         \
        w += 2 * SIZE;                                                                                                 \
        EDGEGEN_TILE_KEEP_ORDER                                                                                        \
    }

#define EDGEGEN_TILE_LANE(VECTOR, LOAD, SIZE, MULTIPLY, lane)                                                          \
    EDGEGEN_TILE_PAIR(VECTOR, LOAD, SIZE, MULTIPLY, 0, lane)                                                           \
    EDGEGEN_TILE_PAIR(VECTOR, LOAD, SIZE, MULTIPLY, 2, lane)

#define EDGEGEN_TILE_LOAD(LOAD, from)                                                                                  \
    x[0] = LOAD(from);                                                                                                 \
    x[1] = rows > 1 ? LOAD((from) + step) : x[0];                                                                      \
    x[2] = rows > 2 ? LOAD((from) + 2 * step) : x[0];                                                                  \
    x[3] = rows > 3 ? LOAD((from) + 3 * step) : x[0];                                                                  \
    x[4] = rows > 4 ? LOAD((from) + 4 * step) : x[0];                                                                  \
    x[5] = rows > 5 ? LOAD((from) + 5 * step) : x[0];

#endif
