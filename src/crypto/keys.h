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
// The Curve25519 product of one side's private key and the other's public key.
using SharedSecret = Secret<32, struct SharedSecretTag>;
// A ChaCha20-Poly1305 key.
using SymmetricKey = Secret<32, struct SymmetricKeyTag>;
// Carries the secrets of a handshake from one step to the next: C in [WG] 5.4.
using ChainingKey = Secret<32, struct ChainingKeyTag>;
// The hash of a handshake's messages so far: H in [WG] 5.4. It depends on the preshared key, so it
// is wiped like a key.
using HandshakeHash = Secret<32, struct HandshakeHashTag>;

struct PublicKey {
  Bytes<32> bytes{};

  [[nodiscard]] bool is_zero() const { return bytes == Bytes<32>{}; }
  friend bool operator==(const PublicKey&, const PublicKey&) = default;
  friend std::strong_ordering operator<=>(const PublicKey&, const PublicKey&) = default;
};

// SipHash-2-4 with a secret of its own, for a hash table. Nobody can choose keys that fall
// together: strangers may pick the keys that an administrator configures (a VPN provider's
// customers do). Copies share the secret.
class PublicKeyHash {
 public:
  explicit PublicKeyHash(Rng& rng);
  [[nodiscard]] std::size_t operator()(const PublicKey& key) const noexcept;

 private:
  Bytes<16> secret_{};
};

// Sets the bits that RFC 7748 section 5 fixes. `wg` shows and expects private keys in this form.
void clamp(PrivateKey& key);
[[nodiscard]] PrivateKey generate_private_key(Rng& rng);
[[nodiscard]] PublicKey derive_public_key(const PrivateKey& key);

}  // namespace wring
