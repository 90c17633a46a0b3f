/* Values as another type, element by element, portable. y may be x where its elements are bytes. */
#ifndef EDGEGEN_CAST_H
#define EDGEGEN_CAST_H

#include "kernels/half.h"

typedef struct {
    int32_t count;
} edgegen_cast;

/* Defines the kernel `name`: `value` of each element v. */
#define EDGEGEN_CAST(name, of, to, value)                                                                              \
    EDGEGEN_KERNEL void name(const edgegen_cast *p, const of *x, to *y)                                                \
    {                                                                                                                  \
        for (int32_t i = 0; i < p->count; i++) {                                                                       \
            const of v = x[i];                                                                                         \
            y[i] = value;                                                                                              \
        }                                                                                                              \
    }

#define EDGEGEN_CAST_INTEGER(name, of)                                                                                 \
    EDGEGEN_CAST(cast_##name##_s8, of, int8_t, (int8_t)v)                                                              \
    EDGEGEN_CAST(cast_##name##_u8, of, uint8_t, (uint8_t)v)                                                            \
    EDGEGEN_CAST(cast_##name##_s16, of, int16_t, (int16_t)v)                                                           \
    EDGEGEN_CAST(cast_##name##_u16, of, uint16_t, (uint16_t)v)                                                         \
    EDGEGEN_CAST(cast_##name##_s32, of, int32_t, (int32_t)v)                                                           \
    EDGEGEN_CAST(cast_##name##_u32, of, uint32_t, (uint32_t)v)                                                         \
    EDGEGEN_CAST(cast_##name##_s64, of, int64_t, (int64_t)v)                                                           \
    EDGEGEN_CAST(cast_##name##_u64, of, uint64_t, (uint64_t)v)                                                         \
    EDGEGEN_CAST(cast_##name##_bool, of, uint8_t, v != 0)                                                              \
    EDGEGEN_CAST(cast_##name##_f32, of, float, (float)v)

EDGEGEN_CAST_INTEGER(s8, int8_t)
EDGEGEN_CAST_INTEGER(u8, uint8_t)
EDGEGEN_CAST_INTEGER(s16, int16_t)
EDGEGEN_CAST_INTEGER(u16, uint16_t)
EDGEGEN_CAST_INTEGER(s32, int32_t)
EDGEGEN_CAST_INTEGER(u32, uint32_t)
EDGEGEN_CAST_INTEGER(s64, int64_t)
EDGEGEN_CAST_INTEGER(u64, uint64_t)
EDGEGEN_CAST_INTEGER(bool, uint8_t)

/* v without its fraction, saturated; NaN becomes 0. `low` is the least number and `end` what follows the greatest. */
#define EDGEGEN_TRUNCATED(type, v, low, end, least, most)                                                              \
    ((v) >= (end) ? (most) : (v) > (low) ? (type)(v) : (v) <= (low) ? (least) : 0)

EDGEGEN_CAST(cast_f32_s8, float, int8_t, EDGEGEN_TRUNCATED(int8_t, v, -128.0f, 128.0f, INT8_MIN, INT8_MAX))
EDGEGEN_CAST(cast_f32_u8, float, uint8_t, EDGEGEN_TRUNCATED(uint8_t, v, 0.0f, 256.0f, 0, UINT8_MAX))
EDGEGEN_CAST(cast_f32_s16, float, int16_t, EDGEGEN_TRUNCATED(int16_t, v, -32768.0f, 32768.0f, INT16_MIN, INT16_MAX))
EDGEGEN_CAST(cast_f32_u16, float, uint16_t, EDGEGEN_TRUNCATED(uint16_t, v, 0.0f, 65536.0f, 0, UINT16_MAX))
EDGEGEN_CAST(cast_f32_s32, float, int32_t, EDGEGEN_TRUNCATED(int32_t, v, -0x1p31f, 0x1p31f, INT32_MIN, INT32_MAX))
EDGEGEN_CAST(cast_f32_u32, float, uint32_t, EDGEGEN_TRUNCATED(uint32_t, v, 0.0f, 0x1p32f, 0, UINT32_MAX))
EDGEGEN_CAST(cast_f32_s64, float, int64_t, EDGEGEN_TRUNCATED(int64_t, v, -0x1p63f, 0x1p63f, INT64_MIN, INT64_MAX))
EDGEGEN_CAST(cast_f32_u64, float, uint64_t, EDGEGEN_TRUNCATED(uint64_t, v, 0.0f, 0x1p64f, 0, UINT64_MAX))
EDGEGEN_CAST(cast_f32_bool, float, uint8_t, v < 0.0f || v > 0.0f || v != v)
EDGEGEN_CAST(cast_f32_f32, float, float, v)
EDGEGEN_CAST(cast_f16_f32, uint16_t, float, edgegen_from_half(v))
EDGEGEN_CAST(cast_f32_f16, float, uint16_t, edgegen_to_half(v))

#endif
