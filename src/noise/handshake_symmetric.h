// The running state of a handshake: what both sides do alike with the hash and the chaining key as
// each token of the Noise pattern passes. Private to this folder.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "crypto/keys.h"
#include "noise/messages.h"

namespace wring {

// H and C of [WG] 5.4.2. A value: it is taken from a stored state, advanced, and stored in the next
// one only if all went well.
class SymmetricState {
 public:
  // Before the first message, which is meant for the owner of `responder`.
  explicit SymmetricState(const PublicKey& responder);
  SymmetricState(HandshakeHash hash, ChainingKey chaining_key)
      : hash_(std::move(hash)), chaining_key_(std::move(chaining_key)) {}

  // Each leaves zeros behind: the last step of a message takes them.
  [[nodiscard]] HandshakeHash take_hash() { return std::move(hash_); }
  [[nodiscard]] ChainingKey take_chaining_key() { return std::move(chaining_key_); }

  // An ephemeral public key, sent in the clear: into the chaining key and the hash.
  void mix_ephemeral(const PublicKey& key);
  // A Curve25519 product into the chaining key.
  void mix_secret(const SharedSecret& secret);
  // The same, and the key for what is sealed next.
  [[nodiscard]] SymmetricKey mix_secret_for_key(const SharedSecret& secret);
  [[nodiscard]] SymmetricKey mix_psk_for_key(const PresharedKey& psk);

  // Seals under the hash so far, which then takes in the sealed bytes. `key` serves this once.
  void seal_and_hash(const SymmetricKey& key, ByteSpan plaintext, MutByteSpan sealed);
  // The inverse. After false this state is of no more use.
  [[nodiscard]] bool open_and_hash(const SymmetricKey& key, ByteSpan sealed, MutByteSpan out);

  // The transport keys: what the initiator sends with, then what the responder sends with.
  // [WG] 5.4.5
  [[nodiscard]] std::pair<SymmetricKey, SymmetricKey> split() const;

 private:
  void mix_hash(ByteSpan bytes);

  HandshakeHash hash_;
  ChainingKey chaining_key_;
};

}  // namespace wring
