// How functions ask for AVX-512 with IFMA. They say so one by one, rather than by a compiler flag
// for their file: an inline function that such a file shares with others could be kept in its
// AVX-512 form for the whole program, and stop it on a lesser processor.
#pragma once

// With sanitizers GCC 12 warns about registers that this header leaves undefined on purpose.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#pragma GCC diagnostic pop

#define WRING_AVX512 gnu::target("avx512f,avx512bw,avx512dq,avx512ifma")
// For the small functions that the larger ones are written in: vectors stay in registers.
#define WRING_AVX512_INLINE [[gnu::always_inline, WRING_AVX512]] inline

// Before a loop over registers: an array stays in registers only if its indices are constants.
#ifdef __clang__
#define WRING_UNROLL _Pragma("unroll")
#else
#define WRING_UNROLL _Pragma("GCC unroll 16")
#endif

namespace wring {

// True if the processor and the system have what these functions need.
[[nodiscard]] inline bool has_avx512_ifma() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512ifma");
}

}  // namespace wring
