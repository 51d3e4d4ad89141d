// The kinds of keys, and Curve25519 ([WG] 5.4, RFC 7748).
#pragma once

#include <compare>
#include <optional>

#include "base/bytes.h"
#include "base/rng.h"
#include "crypto/secret.h"

namespace wring {

using PrivateKey = Secret<32, struct PrivateKeyTag>;
// All zeros means "none", [WG] 5.2.
using PresharedKey = Secret<32, struct PresharedKeyTag>;
// What Curve25519 makes of one side's private and the other's public key.
using SharedSecret = Secret<32, struct SharedSecretTag>;
// A ChaCha20-Poly1305 key.
using SymmetricKey = Secret<32, struct SymmetricKeyTag>;
// Carries the handshake's secrets from one step to the next: C in [WG] 5.4.
using ChainingKey = Secret<32, struct ChainingKeyTag>;

struct PublicKey {
  Bytes<32> bytes{};

  [[nodiscard]] bool is_zero() const { return bytes == Bytes<32>{}; }
  friend bool operator==(const PublicKey&, const PublicKey&) = default;
  friend std::strong_ordering operator<=>(const PublicKey&, const PublicKey&) = default;
};

// The first eight bytes, which are as good as random in an honest key. Tables hold only the keys
// that the administrator configured, so a stranger can look up what he likes but cannot lengthen a
// chain.
struct PublicKeyHash {
  std::size_t operator()(const PublicKey& key) const noexcept {
    return load<std::uint64_t>(key.bytes);
  }
};

// Puts the bits that RFC 7748 section 5 fixes; `wg` shows and expects private keys in this form.
void clamp(PrivateKey& key);
[[nodiscard]] PrivateKey generate_private_key(Rng& rng);
[[nodiscard]] PublicKey derive_public_key(const PrivateKey& key);

// DH(private key, public key) of [WG] 5.4. Nothing when the product is all zeros, which a public
// key of low order gives: whoever sent it would know the secret without having a key of ours.
[[nodiscard]] std::optional<SharedSecret> agree(const PrivateKey& ours, const PublicKey& theirs);

}  // namespace wring
