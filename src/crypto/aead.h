// Authenticated encryption: ChaCha20-Poly1305 (RFC 8439) with the 64-bit counter of [WG] 5.4 as its
// nonce, and XChaCha20-Poly1305 for cookies, all by libsodium. Use an AeadEngine to seal or open
// many packets.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "crypto/keys.h"

namespace wring {

// What the Poly1305 tag adds to a plaintext.
inline constexpr std::size_t kTagSize = 16;

// Lets libsodium choose the code that suits this processor. Call it once, before other threads
// start. False when the library cannot be used at all.
[[nodiscard]] bool prepare_crypto();

// One data packet to seal. `out` is of plaintext.size() + kTagSize bytes; it either begins where
// the plaintext begins or does not overlap it.
struct SealJob {
  const SymmetricKey* key = nullptr;
  std::uint64_t counter = 0;
  ByteSpan plaintext;
  MutByteSpan out;
};
void seal(std::span<const SealJob> jobs);

// One data packet to open in place: the plaintext is then the first sealed.size() - kTagSize bytes.
// When `authentic` comes back false the bytes are unspecified and must not be used.
struct OpenJob {
  const SymmetricKey* key = nullptr;
  std::uint64_t counter = 0;
  MutByteSpan sealed;
  bool authentic = false;
};
void open(std::span<OpenJob> jobs);

// AEAD(key, counter, plaintext, associated) of [WG] 5.4; `out` is of plaintext.size() + kTagSize
// bytes.
void aead_seal(const SymmetricKey& key, std::uint64_t counter, ByteSpan plaintext,
               ByteSpan associated, MutByteSpan out);
// The inverse. `out` has sealed.size() - kTagSize bytes. Returns false for a forgery or for fewer
// bytes than a tag. Do not use `out` then.
[[nodiscard]] bool aead_open(const SymmetricKey& key, std::uint64_t counter, ByteSpan sealed,
                             ByteSpan associated, MutByteSpan out);

// XAEAD of [WG] 5.4. Its keys derive from public keys, so they are no secrets.
void xaead_seal(const Bytes<32>& key, const Bytes<24>& nonce, ByteSpan plaintext,
                ByteSpan associated, MutByteSpan out);
[[nodiscard]] bool xaead_open(const Bytes<32>& key, const Bytes<24>& nonce, ByteSpan sealed,
                              ByteSpan associated, MutByteSpan out);

}  // namespace wring
