/* Built with -DEDGEGEN_CHECK, a model proves its plan of memory while it runs. Before each node all bytes that hold
 * nothing are filled with a pattern; after it they must still hold that, but where the node has its results and scratch,
 * and every value that is read later must be what it was. With -DEDGEGEN_CHECK=2 a node whose results lie over what it
 * reads runs again on a copy of that, and must give the same. */
#ifndef EDGEGEN_CHECK_H
#define EDGEGEN_CHECK_H

#include "edgegen.h"

#if defined(EDGEGEN_CHECK)

enum { EDGEGEN_DEAD = 0xDB };

/* Bytes that node `first` writes and node `last` is the last to read: no node between the two may change them. */
typedef struct {
    uint32_t offset, bytes;
    int32_t first, last;
    const char *name;
} edgegen_life;

/* The bytes from `low` to `high`: what lives there, counted from `start` and in order of offsets, and guards around. */
typedef struct {
    uint8_t *low, *start, *high;
    const edgegen_life *lives;
    uint32_t count;
} edgegen_memory;

/* FNV-1a. */
EDGEGEN_INLINE uint32_t edgegen_sum(uint32_t sum, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        sum = (sum ^ bytes[i]) * UINT32_C(16777619);
    }
    return sum;
}

/* Fills what is dead when the node starts and sums up what must outlast it; returns where further sums go. */
static EDGEGEN_UNUSED uint32_t *edgegen_before(const edgegen_memory *memory, int32_t node, uint32_t *sums)
{
    uint8_t *end = memory->low;
    for (uint32_t i = 0; i < memory->count; i++) {
        const edgegen_life *const life = &memory->lives[i];
        uint8_t *const at = memory->start + life->offset;
        if (life->first < node && node <= life->last) {
            if (at > end) {
                memset(end, EDGEGEN_DEAD, (size_t)(at - end));
            }
            if (node < life->last) {
                *sums++ = edgegen_sum(0, at, life->bytes);
            }
            end = at + life->bytes > end ? at + life->bytes : end;
        }
    }
    memset(end, EDGEGEN_DEAD, (size_t)(memory->high - end));
    return sums;
}

EDGEGEN_INLINE int edgegen_is_dead(const uint8_t *from, const uint8_t *to)
{
    while (from < to && *from == EDGEGEN_DEAD) {
        from++;
    }
    return from >= to;
}

/* The name of what the node has changed against the plan, "" for dead bytes, NULL if all is well; moves `sums` on. */
static EDGEGEN_UNUSED const char *edgegen_after(const edgegen_memory *memory, int32_t node, const uint32_t **sums)
{
    const uint8_t *end = memory->low;
    for (uint32_t i = 0; i < memory->count; i++) {
        const edgegen_life *const life = &memory->lives[i];
        const uint8_t *const at = memory->start + life->offset;
        if (life->first <= node && node <= life->last) {
            if (!edgegen_is_dead(end, at)) {
                return "";
            }
            if (life->first < node && node < life->last && *(*sums)++ != edgegen_sum(0, at, life->bytes)) {
                return life->name;
            }
            end = at + life->bytes > end ? at + life->bytes : end;
        }
    }
    return edgegen_is_dead(end, memory->high) ? NULL : "";
}

/* `sum` with what the node has written for others to read; `name` becomes that of the first such tensor, if any. */
static EDGEGEN_UNUSED uint32_t edgegen_results(const edgegen_memory *memory, int32_t node, uint32_t sum,
                                               const char **name)
{
    for (uint32_t i = memory->count; i-- > 0;) {
        const edgegen_life *const life = &memory->lives[i];
        if (life->first == node && life->last > node) {
            sum = edgegen_sum(sum, memory->start + life->offset, life->bytes);
            *name = life->name;
        }
    }
    return sum;
}

#endif
#endif
