/* Element-wise add, sub and mul with broadcasting on f32, s32 and s64, portable. Integers wrap around. */
#ifndef EDGEGEN_BINARY_H
#define EDGEGEN_BINARY_H

#include "kernels/elementwise.h"

typedef struct {
    EDGEGEN_BROADCAST;
    float low, high;
} edgegen_binary_f32;

typedef struct {
    EDGEGEN_BROADCAST;
    int32_t low, high;
} edgegen_binary_s32;

typedef struct {
    EDGEGEN_BROADCAST;
    int64_t low, high;
} edgegen_binary_s64;

EDGEGEN_INLINE int64_t edgegen_clamp_s64(int64_t x, int64_t low, int64_t high)
{
    x = x < low ? low : x;
    return x > high ? high : x;
}

EDGEGEN_INLINE float edgegen_add_f32(const edgegen_binary_f32 *p, float a, float b)
{
    return edgegen_clamp_f32(a + b, p->low, p->high);
}

EDGEGEN_INLINE float edgegen_sub_f32(const edgegen_binary_f32 *p, float a, float b)
{
    return edgegen_clamp_f32(a - b, p->low, p->high);
}

EDGEGEN_INLINE float edgegen_mul_f32(const edgegen_binary_f32 *p, float a, float b)
{
    return edgegen_clamp_f32(a * b, p->low, p->high);
}

EDGEGEN_INLINE int32_t edgegen_add_s32(const edgegen_binary_s32 *p, int32_t a, int32_t b)
{
    return edgegen_clamp_s32((int32_t)((uint32_t)a + (uint32_t)b), p->low, p->high);
}

EDGEGEN_INLINE int32_t edgegen_sub_s32(const edgegen_binary_s32 *p, int32_t a, int32_t b)
{
    return edgegen_clamp_s32((int32_t)((uint32_t)a - (uint32_t)b), p->low, p->high);
}

EDGEGEN_INLINE int32_t edgegen_mul_s32(const edgegen_binary_s32 *p, int32_t a, int32_t b)
{
    return edgegen_clamp_s32((int32_t)((uint32_t)a * (uint32_t)b), p->low, p->high);
}

EDGEGEN_INLINE int64_t edgegen_add_s64(const edgegen_binary_s64 *p, int64_t a, int64_t b)
{
    return edgegen_clamp_s64((int64_t)((uint64_t)a + (uint64_t)b), p->low, p->high);
}

EDGEGEN_INLINE int64_t edgegen_sub_s64(const edgegen_binary_s64 *p, int64_t a, int64_t b)
{
    return edgegen_clamp_s64((int64_t)((uint64_t)a - (uint64_t)b), p->low, p->high);
}

EDGEGEN_INLINE int64_t edgegen_mul_s64(const edgegen_binary_s64 *p, int64_t a, int64_t b)
{
    return edgegen_clamp_s64((int64_t)((uint64_t)a * (uint64_t)b), p->low, p->high);
}

EDGEGEN_ELEMENTWISE(add_f32, edgegen_binary_f32, float, edgegen_add_f32)
EDGEGEN_ELEMENTWISE(sub_f32, edgegen_binary_f32, float, edgegen_sub_f32)
EDGEGEN_ELEMENTWISE(mul_f32, edgegen_binary_f32, float, edgegen_mul_f32)
EDGEGEN_ELEMENTWISE(add_s32, edgegen_binary_s32, int32_t, edgegen_add_s32)
EDGEGEN_ELEMENTWISE(sub_s32, edgegen_binary_s32, int32_t, edgegen_sub_s32)
EDGEGEN_ELEMENTWISE(mul_s32, edgegen_binary_s32, int32_t, edgegen_mul_s32)
EDGEGEN_ELEMENTWISE(add_s64, edgegen_binary_s64, int64_t, edgegen_add_s64)
EDGEGEN_ELEMENTWISE(sub_s64, edgegen_binary_s64, int64_t, edgegen_sub_s64)
EDGEGEN_ELEMENTWISE(mul_s64, edgegen_binary_s64, int64_t, edgegen_mul_s64)

#endif
