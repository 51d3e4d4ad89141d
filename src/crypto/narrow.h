// How functions ask for the vectors that other processors than those with AVX-512 have: AVX2, and
// multiplications that keep the flags; or NEON, which needs no asking. They say so one by one, see
// avx512.h.
#pragma once

#ifdef WRING_X86_64
#define WRING_NARROW gnu::target("avx2,bmi2")
#else
#define WRING_NARROW
#endif
#define WRING_NARROW_INLINE [[gnu::always_inline, WRING_NARROW]] inline

namespace wring {

// True if the processor has what these functions need.
[[nodiscard]] inline bool has_narrow() {
#ifdef WRING_X86_64
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
#else
  return true;
#endif
}

}  // namespace wring
