/* EDGEGEN_UNROLL before a loop of few, known iterations: without it, arrays of vectors may be left in memory. */
#ifndef EDGEGEN_SIMD_UNROLL_H
#define EDGEGEN_SIMD_UNROLL_H

#if defined(__clang__)
#define EDGEGEN_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define EDGEGEN_UNROLL _Pragma("GCC unroll 32")
#else
#define EDGEGEN_UNROLL
#endif

#endif
