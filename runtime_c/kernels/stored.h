/* Weights that lie in flash as codes of fewer bits: a weight is (code - zero) * scale, computed in f32. */
#ifndef EDGEGEN_STORED_H
#define EDGEGEN_STORED_H

#include "kernels/nibbles.h"
#include "kernels/small_float.h"

/* Codes [first, first + count) of a row as weights. */
typedef void edgegen_code_reader(const void *codes, int32_t first, int32_t count, float scale, int32_t zero, float *to);

/* Rows of `length` codes, each of `bytes` bytes.
 *
 * group:  codes of a row that share a scale; groups: in a row, 0 if all rows share one
 * zeroed: whether there are zeros, as many as scales */
typedef struct {
    edgegen_code_reader *decode;
    int32_t length, bytes, group, groups, zeroed;
} edgegen_stored;

#define EDGEGEN_DECODER(name, weight)                                                                                  \
    static inline EDGEGEN_UNUSED void edgegen_weights_of_##name(const void *codes, int32_t first, int32_t count,           \
                                                            float scale, int32_t zero, float *to)                      \
    {                                                                                                                  \
        const uint8_t *const bytes = (const uint8_t *)codes;                                                           \
        (void)bytes;                                                                                                   \
        (void)zero;                                                                                                    \
        for (int32_t i = 0; i < count; i++) {                                                                          \
            to[i] = (weight) * scale;                                                                                  \
        }                                                                                                              \
    }

/* Of codes of 4 bits, the lower half of a byte before the upper one. */
#define EDGEGEN_DECODER_4(name, weight)                                                                                \
    static inline EDGEGEN_UNUSED void edgegen_weights_of_##name(const void *codes, int32_t first, int32_t count,           \
                                                            float scale, int32_t zero, float *to)                      \
    {                                                                                                                  \
        const uint8_t *from = (const uint8_t *)codes + first / 2;                                                      \
        int32_t i = 0;                                                                                                 \
        (void)zero;                                                                                                    \
        if (first % 2 != 0 && count > 0) {                                                                             \
            to[i++] = weight(*from >> 4) * scale;                                                                      \
            from++;                                                                                                    \
        }                                                                                                              \
        for (; i + 1 < count; i += 2) {                                                                                \
            const int32_t both = *from++;                                                                              \
            to[i] = weight(both & 15) * scale;                                                                         \
            to[i + 1] = weight(both >> 4) * scale;                                                                     \
        }                                                                                                              \
        if (i < count) {                                                                                               \
            to[i] = weight(*from & 15) * scale;                                                                        \
        }                                                                                                              \
    }

#define EDGEGEN_WEIGHT_S4(code) (float)(((code) ^ 8) - 8)
#define EDGEGEN_WEIGHT_U4(code) (float)((code)-zero)
#define EDGEGEN_WEIGHT_F4(code) edgegen_load_f4e2m1((uint8_t)(code))

EDGEGEN_DECODER(s8, (float)(int8_t)bytes[first + i])
EDGEGEN_DECODER(u8, (float)(bytes[first + i] - zero))
EDGEGEN_DECODER_4(s4, EDGEGEN_WEIGHT_S4)
EDGEGEN_DECODER_4(u4, EDGEGEN_WEIGHT_U4)
EDGEGEN_DECODER_4(f4e2m1, EDGEGEN_WEIGHT_F4)

/* Small floats that are finite: their bits, moved to where those of an f32 are, make them 2^`by` too small. */
EDGEGEN_INLINE float edgegen_small_float(uint32_t magnitude, int32_t shift, uint32_t sign, int32_t by)
{
    return edgegen_f32_of_bits(magnitude << shift | sign) * edgegen_f32_of_bits((uint32_t)(by + 127) << 23);
}

#define EDGEGEN_FINITE_8(code, shift, by)                                                                              \
    edgegen_small_float((code) & 0x7f, shift, (uint32_t)((code) & 0x80) << 24, by)

EDGEGEN_DECODER(f8e4m3fn, EDGEGEN_FINITE_8(bytes[first + i], 20, 120))
EDGEGEN_DECODER(f8e4m3fnuz, EDGEGEN_FINITE_8(bytes[first + i], 20, 119))
EDGEGEN_DECODER(f8e5m2, EDGEGEN_FINITE_8(bytes[first + i], 21, 112))
EDGEGEN_DECODER(f8e5m2fnuz, EDGEGEN_FINITE_8(bytes[first + i], 21, 111))
EDGEGEN_DECODER(f16, edgegen_from_half(((const uint16_t *)codes)[first + i]))
EDGEGEN_DECODER(bf16, edgegen_load_bf16(((const uint16_t *)codes)[first + i]))

/* Weights [first, first + count) of a row. */
EDGEGEN_INLINE void edgegen_decode_row(const edgegen_stored *s, const void *codes, const float *scales,
                                   const uint8_t *zeros, int32_t row, int32_t first, int32_t count, float *to)
{
    const void *const from = (const uint8_t *)codes + (size_t)row * (size_t)s->bytes;
    while (count > 0) {
        const int32_t group = first / s->group, here = edgegen_min_s32(count, (group + 1) * s->group - first);
        const int32_t i = row * s->groups + group;
        s->decode(from, first, here, scales[i], s->zeroed != 0 ? zeros[i] : 0, to);
        first += here;
        count -= here;
        to += here;
    }
}

#endif
