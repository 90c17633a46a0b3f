/* Elements or slices written where tuples of indices say; tuples that name no place are passed over. y may be x. */
#ifndef EDGEGEN_SCATTER_ND_H
#define EDGEGEN_SCATTER_ND_H

#include "kernels/indices.h"
#include "kernels/update.h"

/* indices[count, depth]; step: elements between neighbours along an axis that a tuple names; run: elements of a slice;
 * bytes: of x */
typedef struct {
    int32_t count, depth, extent[8], step[8], run, bytes;
} edgegen_scatter_nd;

/* For each tuple that names a place: `write`, with `at` that place's first element and `from` the update's. */
#define EDGEGEN_SCATTER_ND(name, index, index_type, type, write)                                                       \
    EDGEGEN_KERNEL void name(const edgegen_scatter_nd *p, const void *x, const index_type *indices,                    \
                             const void *updates, void *y)                                                             \
    {                                                                                                                  \
        const type *from = (const type *)updates;                                                                      \
        if (y != x) {                                                                                                  \
            memcpy(y, x, (size_t)p->bytes);                                                                            \
        }                                                                                                              \
        for (int32_t i = 0; i < p->count; i++) {                                                                       \
            int32_t place = 0, inside = 1;                                                                             \
            for (int32_t k = 0; k < p->depth && inside; k++) {                                                         \
                const int32_t along = edgegen_index_##index(indices[k], p->extent[k]);                                 \
                inside = along >= 0 && along < p->extent[k];                                                           \
                place += inside ? along * p->step[k] : 0;                                                              \
            }                                                                                                          \
            if (inside) {                                                                                              \
                type *at = (type *)y + place;                                                                          \
                write;                                                                                                 \
            }                                                                                                          \
            indices += p->depth;                                                                                       \
            from += p->run;                                                                                            \
        }                                                                                                              \
    }

#define EDGEGEN_SCATTER_ND_COPY(bits, type)                                                                            \
    EDGEGEN_SCATTER_ND(scatter_nd_##bits##_s32, s32, int32_t, type, memcpy(at, from, (size_t)p->run * sizeof *at))     \
    EDGEGEN_SCATTER_ND(scatter_nd_##bits##_s64, s64, int64_t, type, memcpy(at, from, (size_t)p->run * sizeof *at))

EDGEGEN_SCATTER_ND_COPY(8, uint8_t)
EDGEGEN_SCATTER_ND_COPY(16, uint16_t)
EDGEGEN_SCATTER_ND_COPY(32, uint32_t)
EDGEGEN_SCATTER_ND_COPY(64, uint64_t)

#define EDGEGEN_SCATTER_ND_UPDATE(name, type, updated)                                                                 \
    EDGEGEN_SCATTER_ND(scatter_nd_##name##_s32, s32, int32_t, type,                                                    \
                       for (int32_t r = 0; r < p->run; r++) { at[r] = updated(type, at[r], from[r]); })                \
    EDGEGEN_SCATTER_ND(scatter_nd_##name##_s64, s64, int64_t, type,                                                    \
                       for (int32_t r = 0; r < p->run; r++) { at[r] = updated(type, at[r], from[r]); })

EDGEGEN_UPDATES(EDGEGEN_SCATTER_ND_UPDATE)

#endif
