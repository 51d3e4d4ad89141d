// The state of a handshake in progress. Both sides change the hash and the chaining key in the same
// way for each token of the Noise pattern. Private to this folder.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "crypto/keys.h"
#include "noise/messages.h"

namespace wring {

// H and C of [WG] 5.4.2, as a value. A step takes it from a stored state and advances it. The
// result is stored only if the whole step succeeds.
class SymmetricState {
 public:
  // The state before the first message to the owner of `responder`.
  explicit SymmetricState(const PublicKey& responder);
  SymmetricState(HandshakeHash hash, ChainingKey chaining_key)
      : hash_(std::move(hash)), chaining_key_(std::move(chaining_key)) {}

  // Each leaves zeros behind. Call them at the end of a message.
  [[nodiscard]] HandshakeHash take_hash() { return std::move(hash_); }
  [[nodiscard]] ChainingKey take_chaining_key() { return std::move(chaining_key_); }

  // Mixes an ephemeral public key, which is sent in the clear, into the chaining key and the hash.
  void mix_ephemeral(const PublicKey& key);
  // Mixes a Curve25519 product into the chaining key.
  void mix_secret(const SharedSecret& secret);
  // The same, and returns the key for the next sealed field.
  [[nodiscard]] SymmetricKey mix_secret_for_key(const SharedSecret& secret);
  [[nodiscard]] SymmetricKey mix_psk_for_key(const PresharedKey& psk);

  // Seals with the hash as associated data, then mixes the sealed bytes into the hash. Use each
  // `key` once.
  void seal_and_hash(const SymmetricKey& key, ByteSpan plaintext, MutByteSpan sealed);
  // The inverse. After false this state must not be used any more.
  [[nodiscard]] bool open_and_hash(const SymmetricKey& key, ByteSpan sealed, MutByteSpan out);

  // The transport keys: the initiator's sending key, then the responder's. [WG] 5.4.5
  [[nodiscard]] std::pair<SymmetricKey, SymmetricKey> split() const;

 private:
  void mix_hash(ByteSpan bytes);

  HandshakeHash hash_;
  ChainingKey chaining_key_;
};

}  // namespace wring
