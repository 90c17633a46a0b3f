/* Copies between storages whose elements lie at regular distances: slices, transposes, changes of layout. Any type. */
#ifndef EDGEGEN_COPY_H
#define EDGEGEN_COPY_H

#include "kernels/move.h"

/* Six nested loops, outermost first. Steps are bytes and may be negative in x. backward: from the last run to the first */
typedef struct {
    int32_t count[6], x_step[6], y_step[6];
    int32_t x_start; /* bytes to the first element read */
    int32_t bytes;   /* of an element, or of a run of elements */
    int32_t backward;
} edgegen_copy;

/* Steps from the first place of the loops to the last, or none if they run forward. */
EDGEGEN_INLINE ptrdiff_t edgegen_copy_start(const int32_t *count, const int32_t *step, int32_t backward)
{
    return backward == 0 ? 0
                         : (ptrdiff_t)(count[0] - 1) * step[0] + (ptrdiff_t)(count[1] - 1) * step[1] +
                               (ptrdiff_t)(count[2] - 1) * step[2] + (ptrdiff_t)(count[3] - 1) * step[3] +
                               (ptrdiff_t)(count[4] - 1) * step[4] + (ptrdiff_t)(count[5] - 1) * step[5];
}

/* y may lie on x, if the loops write nowhere before all that is to be read there has been. towards: runs may lie on
 * themselves, not before their place in x or, forward, not behind it */
EDGEGEN_INLINE void edgegen_copy_run(uint8_t *to, const uint8_t *from, size_t bytes, int towards, int32_t backward)
{
    if (bytes == 1 || bytes == 2 || bytes == 4) {
        edgegen_move_whole(to, from, bytes);
    } else if (!towards) {
        memcpy(to, from, bytes);
    } else if (backward != 0) {
        edgegen_move_up(to, from, bytes);
    } else {
        edgegen_move_down(to, from, bytes);
    }
}

EDGEGEN_INLINE void edgegen_copy_runs(const edgegen_copy *p, const void *x, void *y, size_t bytes, int towards)
{
    const int32_t backward = p->backward, way = backward != 0 ? -1 : 1;
    const int32_t *const n = p->count, *const sx = p->x_step, *const sy = p->y_step;
    const uint8_t *const from = (const uint8_t *)x + p->x_start + edgegen_copy_start(n, sx, backward);
    uint8_t *const to = (uint8_t *)y + edgegen_copy_start(n, sy, backward);
    for (int32_t a = 0; a < n[0]; a++)
    for (int32_t b = 0; b < n[1]; b++)
    for (int32_t c = 0; c < n[2]; c++)
    for (int32_t d = 0; d < n[3]; d++) {
        const uint8_t *xd = from + (a * sx[0] + b * sx[1] + c * sx[2] + d * sx[3]) * way;
        uint8_t *yd = to + (a * sy[0] + b * sy[1] + c * sy[2] + d * sy[3]) * way;
        for (int32_t e = 0; e < n[4]; e++) {
            const uint8_t *xe = xd + e * (sx[4] * way);
            uint8_t *ye = yd + e * (sy[4] * way);
            for (int32_t f = 0; f < n[5]; f++) {
                edgegen_copy_run(ye + f * (sy[5] * way), xe + f * (sx[5] * way), bytes, towards, backward);
            }
        }
    }
}

EDGEGEN_INLINE void edgegen_copy_sized(const edgegen_copy *p, const void *x, void *y, int towards)
{
    switch (p->bytes) { /* elements of a known size are moved in registers */
    case 1: edgegen_copy_runs(p, x, y, 1, towards); break;
    case 2: edgegen_copy_runs(p, x, y, 2, towards); break;
    case 4: edgegen_copy_runs(p, x, y, 4, towards); break;
    default: edgegen_copy_runs(p, x, y, (size_t)p->bytes, towards); break;
    }
}

/* No run may lie on itself. */
EDGEGEN_KERNEL void copy(const edgegen_copy *p, const void *x, void *y) { edgegen_copy_sized(p, x, y, 0); }

/* Runs may. */
EDGEGEN_KERNEL void move(const edgegen_copy *p, const void *x, void *y) { edgegen_copy_sized(p, x, y, 1); }

#endif
