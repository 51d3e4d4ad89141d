// The hash and the chaining key of a handshake in progress. [WG] 5.4
#include "noise/handshake_symmetric.h"

#include <string_view>

#include "crypto/aead.h"
#include "crypto/blake2s.h"
#include "crypto/kdf.h"

namespace wring {
namespace {

// [WG] 5.4
constexpr std::string_view kConstruction = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
constexpr std::string_view kIdentifier = "WireGuard v1 zx2c4 Jason@zx2c4.com";

ByteSpan bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

SymmetricState::SymmetricState(const PublicKey& responder)
    : chaining_key_(blake2s({bytes_of(kConstruction)})) {
  hash_ = HandshakeHash(chaining_key_.reveal());
  mix_hash(bytes_of(kIdentifier));
  mix_hash(responder.bytes);
}

void SymmetricState::mix_hash(ByteSpan bytes) {
  blake2s_to(hash_.writable(), {hash_.reveal(), bytes});
}

void SymmetricState::mix_ephemeral(const PublicKey& key) {
  chaining_key_ = kdf1(chaining_key_, key.bytes);
  mix_hash(key.bytes);
}

void SymmetricState::mix_secret(const SharedSecret& secret) {
  chaining_key_ = kdf1(chaining_key_, secret.reveal());
}

SymmetricKey SymmetricState::mix_secret_for_key(const SharedSecret& secret) {
  auto [next, key] = kdf2<ChainingKey, SymmetricKey>(chaining_key_, secret.reveal());
  chaining_key_ = std::move(next);
  return std::move(key);
}

SymmetricKey SymmetricState::mix_psk_for_key(const PresharedKey& psk) {
  using HashInput = Secret<32, struct HashInputTag>;
  auto [next, mixed, key] = kdf3<ChainingKey, HashInput, SymmetricKey>(chaining_key_, psk.reveal());
  chaining_key_ = std::move(next);
  mix_hash(mixed.reveal());
  return std::move(key);
}

void SymmetricState::seal_and_hash(const SymmetricKey& key, ByteSpan plaintext,
                                   MutByteSpan sealed) {
  aead_seal(key, 0, plaintext, hash_.reveal(), sealed);
  mix_hash(sealed);
}

bool SymmetricState::open_and_hash(const SymmetricKey& key, ByteSpan sealed, MutByteSpan out) {
  if (!aead_open(key, 0, sealed, hash_.reveal(), out)) return false;
  mix_hash(sealed);
  return true;
}

std::pair<SymmetricKey, SymmetricKey> SymmetricState::split() const {
  return kdf2<SymmetricKey, SymmetricKey>(chaining_key_, {});
}

}  // namespace wring
