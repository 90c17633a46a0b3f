/* Elements stored where elements of another type may still be read. */
#ifndef EDGEGEN_STORES_H
#define EDGEGEN_STORES_H

#include "edgegen.h"

#define EDGEGEN_STORED_AS(type) typedef type EDGEGEN_MAY_ALIAS edgegen_stored_##type;
EDGEGEN_STORED_AS(int8_t)
EDGEGEN_STORED_AS(uint8_t)
EDGEGEN_STORED_AS(int16_t)
EDGEGEN_STORED_AS(uint16_t)
EDGEGEN_STORED_AS(int32_t)
EDGEGEN_STORED_AS(uint32_t)
EDGEGEN_STORED_AS(int64_t)
EDGEGEN_STORED_AS(uint64_t)
EDGEGEN_STORED_AS(float)
EDGEGEN_STORED_AS(double)

/* `block` for every `size` elements from i on, then `one` for each that is left; backward: from the last to the first. */
#define EDGEGEN_BLOCKS(p, size, block, one)                                                                            \
    const int32_t whole = (p)->count - (p)->count % (size);                                                            \
    if ((p)->backward != 0) {                                                                                          \
        for (int32_t i = (p)->count - 1; i >= whole; i--) {                                                            \
            one;                                                                                                       \
        }                                                                                                              \
    }                                                                                                                  \
    for (int32_t b = 0; b < whole; b += (size)) {                                                                      \
        const int32_t i = (p)->backward != 0 ? whole - (size)-b : b;                                                   \
        block;                                                                                                         \
    }                                                                                                                  \
    if ((p)->backward == 0) {                                                                                          \
        for (int32_t i = whole; i < (p)->count; i++) {                                                                 \
            one;                                                                                                       \
        }                                                                                                              \
    }

#define EDGEGEN_STORE(to, y, value) *(edgegen_stored_##to *)(y) = (edgegen_stored_##to)(value)

/* y[i] = element(p, x[i]) for p's count elements of x, of type `of`, and of y, of type `to`: from the first to the last
 * or, backward, from the last to the first. Each is read before it is written. */
#define EDGEGEN_STORE_EACH(p, of, x, to, y, element)                                                                   \
    EDGEGEN_EACH(i, (p)->count, (p)->backward) {                                                                       \
        EDGEGEN_STORE(to, (y) + i, element(p, (x)[i]));                                                                \
    }

/* The same for elements whose arithmetic vectors have: 32 are read before they are written, so that compilers need not
 * know whether y lies on x. */
#if !defined(EDGEGEN_OPTIMIZE_SIZE) && (defined(__ARM_NEON) || defined(__SSE2__))
#define EDGEGEN_STORE_VECTORS(p, of, x, to, y, element)                                                                \
    EDGEGEN_BLOCKS(p, 32,                                                                                              \
                   of values[32];                                                                                      \
                   memcpy(values, (x) + i, sizeof values);                                                             \
                   for (int32_t k = 0; k < 32; k++) {                                                                  \
                       EDGEGEN_STORE(to, (y) + i + k, element(p, values[k]));                                          \
                   },                                                                                                  \
                   EDGEGEN_STORE(to, (y) + i, element(p, (x)[i])))
#else
#define EDGEGEN_STORE_VECTORS(p, of, x, to, y, element) EDGEGEN_STORE_EACH(p, of, x, to, y, element)
#endif

#endif
