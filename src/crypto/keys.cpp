#include "crypto/keys.h"

#include <sodium.h>

namespace wring {

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

std::optional<SharedSecret> agree(const PrivateKey& ours, const PublicKey& theirs) {
  SharedSecret product;
  const int status = crypto_scalarmult_curve25519(product.writable().data(), ours.reveal().data(),
                                                  theirs.bytes.data());
  if (status != 0 || product.is_zero()) return std::nullopt;
  return product;
}

}  // namespace wring
