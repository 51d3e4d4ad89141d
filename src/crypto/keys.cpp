// Makes keys, and hashes public keys for a table.
#include "crypto/keys.h"

#include <sodium.h>

namespace wring {

PublicKeyHash::PublicKeyHash(Rng& rng) {
  rng.fill(secret_);
}

std::size_t PublicKeyHash::operator()(const PublicKey& key) const noexcept {
  static_assert(crypto_shorthash_KEYBYTES == 16 && crypto_shorthash_BYTES == 8);
  Bytes<8> hash;
  crypto_shorthash(hash.data(), key.bytes.data(), key.bytes.size(), secret_.data());
  return load<std::uint64_t>(hash);
}

void clamp(PrivateKey& key) {
  const MutByteSpan bytes = key.writable();
  bytes[0] &= 0xf8;
  bytes[31] = static_cast<std::uint8_t>((bytes[31] & 0x7f) | 0x40);
}

PrivateKey generate_private_key(Rng& rng) {
  PrivateKey key;
  rng.fill(key.writable());
  clamp(key);
  return key;
}

PublicKey derive_public_key(const PrivateKey& key) {
  PublicKey out;
  crypto_scalarmult_curve25519_base(out.bytes.data(), key.reveal().data());
  return out;
}

}  // namespace wring
