/* Values as another type, element by element, portable. */
#ifndef EDGEGEN_CAST_H
#define EDGEGEN_CAST_H

#include "kernels/small_float.h"
#include "kernels/stores.h"

typedef struct {
    int32_t count, backward; /* backward: from the last element to the first */
} edgegen_cast;

/* Defines the kernel `name`: each element of type `of` is loaded, and stored as type `to` by way of the type `wide`.
 * in: EACH or VECTORS */
#define EDGEGEN_CAST(name, of, load, wide, to, store, in)                                                              \
    EDGEGEN_INLINE to name##_element(const edgegen_cast *unused, of x)                                                 \
    {                                                                                                                  \
        const wide v = (wide)load(x);                                                                                  \
        (void)unused;                                                                                                  \
        return (to)store(v);                                                                                           \
    }                                                                                                                  \
    EDGEGEN_KERNEL void name(const edgegen_cast *p, const of *x, to *y)                                                \
    {                                                                                                                  \
        EDGEGEN_STORE_##in(p, of, x, to, y, name##_element)                                                            \
    }

#define EDGEGEN_LOAD(x) (x)
#define EDGEGEN_LOAD_S4(x) ((((x) & 15) ^ 8) - 8)
#define EDGEGEN_LOAD_U4(x) ((x) & 15)
#define EDGEGEN_LOAD_S2(x) ((((x) & 3) ^ 2) - 2)
#define EDGEGEN_LOAD_U2(x) ((x) & 3)

/* Integers keep their low bits. */
#define EDGEGEN_WRAP_s8(v) ((int8_t)(v))
#define EDGEGEN_WRAP_u8(v) ((uint8_t)(v))
#define EDGEGEN_WRAP_s16(v) ((int16_t)(v))
#define EDGEGEN_WRAP_u16(v) ((uint16_t)(v))
#define EDGEGEN_WRAP_s32(v) ((int32_t)(v))
#define EDGEGEN_WRAP_u32(v) ((uint32_t)(v))
#define EDGEGEN_WRAP_s64(v) ((int64_t)(v))
#define EDGEGEN_WRAP_u64(v) ((uint64_t)(v))
#define EDGEGEN_WRAP_4(v) ((uint8_t)((v) & 15))
#define EDGEGEN_WRAP_2(v) ((uint8_t)((v) & 3))

/* v without its fraction, saturated; NaN becomes 0. `low` is the least number and `end` what follows the greatest. */
#define EDGEGEN_TRUNCATED(type, v, low, end, least, most)                                                              \
    ((v) >= (end) ? (most) : (v) > (low) ? (type)(v) : (v) <= (low) ? (least) : (type)0)
#define EDGEGEN_TRUNCATE_s8(v) EDGEGEN_TRUNCATED(int8_t, v, -128.0f, 128.0f, INT8_MIN, INT8_MAX)
#define EDGEGEN_TRUNCATE_u8(v) EDGEGEN_TRUNCATED(uint8_t, v, 0.0f, 256.0f, 0, UINT8_MAX)
#define EDGEGEN_TRUNCATE_s16(v) EDGEGEN_TRUNCATED(int16_t, v, -32768.0f, 32768.0f, INT16_MIN, INT16_MAX)
#define EDGEGEN_TRUNCATE_u16(v) EDGEGEN_TRUNCATED(uint16_t, v, 0.0f, 65536.0f, 0, UINT16_MAX)
#define EDGEGEN_TRUNCATE_s32(v) EDGEGEN_TRUNCATED(int32_t, v, -0x1p31f, 0x1p31f, INT32_MIN, INT32_MAX)
#define EDGEGEN_TRUNCATE_u32(v) EDGEGEN_TRUNCATED(uint32_t, v, 0.0f, 0x1p32f, 0, UINT32_MAX)
#define EDGEGEN_TRUNCATE_s64(v) EDGEGEN_TRUNCATED(int64_t, v, -0x1p63f, 0x1p63f, INT64_MIN, INT64_MAX)
#define EDGEGEN_TRUNCATE_u64(v) EDGEGEN_TRUNCATED(uint64_t, v, 0.0f, 0x1p64f, 0, UINT64_MAX)
#define EDGEGEN_TRUNCATE_4(v) EDGEGEN_WRAP_4(EDGEGEN_TRUNCATE_s32(v))
#define EDGEGEN_TRUNCATE_2(v) EDGEGEN_WRAP_2(EDGEGEN_TRUNCATE_s32(v))

#define EDGEGEN_TRUTH(v) ((v) != 0)
#define EDGEGEN_TRUTH_OF_FLOAT(v) ((v) < 0 || (v) > 0 || (v) != (v))
#define EDGEGEN_TO_F32(v) ((float)(v))
#define EDGEGEN_TO_F64(v) ((double)(v))

#endif
