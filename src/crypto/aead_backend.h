// The implementations of ChaCha20-Poly1305 that there are, and their names for WRING_AEAD.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace wring {

// kLanes fills vector registers across the packets of a batch, the widest that there are, and may
// leave some packets to the best of the others, which work packet by packet. Those named Avx2 are
// for tests and benchmarks: they show on a processor with AVX-512 what one without has.
enum class AeadBackend { kLanes, kLanesAvx2, kIpsecMb, kIpsecMbAvx2, kLibsodium };

struct NamedAeadBackend {
  AeadBackend backend;
  std::string_view name;
};

// The best first.
inline constexpr std::array kAeadBackends{
    NamedAeadBackend{AeadBackend::kLanes, "lanes"},
    NamedAeadBackend{AeadBackend::kLanesAvx2, "lanes-avx2"},
    NamedAeadBackend{AeadBackend::kIpsecMb, "ipsec-mb"},
    NamedAeadBackend{AeadBackend::kIpsecMbAvx2, "ipsec-mb-avx2"},
    NamedAeadBackend{AeadBackend::kLibsodium, "libsodium"}};

[[nodiscard]] constexpr std::optional<AeadBackend> aead_backend_named(std::string_view name) {
  const auto found = std::ranges::find(kAeadBackends, name, &NamedAeadBackend::name);
  if (found == kAeadBackends.end()) return std::nullopt;
  return found->backend;
}

}  // namespace wring
