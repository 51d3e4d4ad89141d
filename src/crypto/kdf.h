// KDF1, KDF2 and KDF3 of [WG] 5.4: HKDF (RFC 5869) with HMAC-BLAKE2s, no info string, the chaining
// key as its salt.
#pragma once

#include <initializer_list>
#include <tuple>
#include <utility>

#include "base/bytes.h"
#include "crypto/keys.h"

namespace wring {

// Fills each 32-byte output in turn; there are 1 to 3 of them, and none overlaps the inputs.
void kdf(const ChainingKey& key, ByteSpan input, std::initializer_list<MutByteSpan> outputs);

[[nodiscard]] inline ChainingKey kdf1(const ChainingKey& key, ByteSpan input) {
  ChainingKey out;
  kdf(key, input, {out.writable()});
  return out;
}

// The outputs' types are the caller's: a chaining key and a cipher key, or two transport keys.
template <typename First, typename Second>
[[nodiscard]] std::pair<First, Second> kdf2(const ChainingKey& key, ByteSpan input) {
  std::pair<First, Second> out;
  kdf(key, input, {out.first.writable(), out.second.writable()});
  return out;
}

template <typename First, typename Second, typename Third>
[[nodiscard]] std::tuple<First, Second, Third> kdf3(const ChainingKey& key, ByteSpan input) {
  std::tuple<First, Second, Third> out;
  auto& [first, second, third] = out;
  kdf(key, input, {first.writable(), second.writable(), third.writable()});
  return out;
}

}  // namespace wring
