// Who we are: the static key pair of this interface.
#pragma once

#include <utility>

#include "crypto/keys.h"

namespace wring {

// Cannot be changed, only moved. The public key is derived once.
class LocalIdentity {
 public:
  explicit LocalIdentity(PrivateKey key)
      : private_key_(std::move(key)), public_key_(derive_public_key(private_key_)) {}

  [[nodiscard]] const PrivateKey& private_key() const { return private_key_; }
  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }

 private:
  PrivateKey private_key_;
  PublicKey public_key_;
};

}  // namespace wring
