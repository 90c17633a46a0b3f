/* Arithmetic on quantized integers by way of the real numbers they stand for, two vectors at a time. Included after one
 * of simd/floats_*.h, in which a vector is more than one float. */
#ifndef EDGEGEN_SCALED_BINARY_VECTORS_H
#define EDGEGEN_SCALED_BINARY_VECTORS_H

#include "kernels/scaled_binary.h"

/* scale * (x - zero) */
EDGEGEN_INLINE edgegen_floats edgegen_scaled_reals(edgegen_words x, int32_t zero, float scale)
{
    return edgegen_floats_multiply(edgegen_floats_of_words(edgegen_words_add(x, -zero)), edgegen_floats_spread(scale));
}

EDGEGEN_INLINE edgegen_words edgegen_scaled_steps(const edgegen_scaled_binary *p, edgegen_floats real)
{
    const edgegen_floats steps = edgegen_floats_divide(real, edgegen_floats_spread(p->scale));
    return edgegen_words_add(edgegen_words_nearest(edgegen_floats_clamp(steps, p->low, p->high)), p->zero_point);
}

/* Defines the kernel `scaled_<name>_s8_<isa>` for operands of the output's shape, either of which y may lie on. */
#define EDGEGEN_SCALED_VECTORS(name, isa, function)                                                                    \
    EDGEGEN_KERNEL void scaled_##name##_s8_##isa(const edgegen_scaled_binary *p, const int8_t *a, const int8_t *b,     \
                                                 int8_t *y)                                                            \
    {                                                                                                                  \
        const int32_t count = p->extent[5], whole = count - count % (2 * EDGEGEN_FLOATS);                              \
        for (int32_t i = 0; i < whole; i += 2 * EDGEGEN_FLOATS) {                                                      \
            const edgegen_words_2 u = edgegen_words_of_s8((const uint8_t *)(a + i));                                   \
            const edgegen_words_2 v = edgegen_words_of_s8((const uint8_t *)(b + i));                                   \
            const edgegen_floats first = function(edgegen_scaled_reals(u.first, p->a_zero, p->a_scale),                \
                                                  edgegen_scaled_reals(v.first, p->b_zero, p->b_scale));               \
            const edgegen_floats second = function(edgegen_scaled_reals(u.second, p->a_zero, p->a_scale),              \
                                                   edgegen_scaled_reals(v.second, p->b_zero, p->b_scale));             \
            const edgegen_words_2 both = { edgegen_scaled_steps(p, first), edgegen_scaled_steps(p, second) };          \
            edgegen_words_store_8(y + i, both);                                                                        \
        }                                                                                                              \
        for (int32_t i = whole; i < count; i++) {                                                                      \
            y[i] = edgegen_scaled_##name(p, a[i], b[i]);                                                               \
        }                                                                                                              \
    }

#define EDGEGEN_SCALED_VECTOR_KERNELS(isa)                                                                             \
    EDGEGEN_SCALED_VECTORS(add, isa, edgegen_floats_add)                                                               \
    EDGEGEN_SCALED_VECTORS(sub, isa, edgegen_floats_subtract)                                                          \
    EDGEGEN_SCALED_VECTORS(mul, isa, edgegen_floats_multiply)

#endif
