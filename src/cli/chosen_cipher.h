// The implementation of ChaCha20-Poly1305 that the environment asks for.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "crypto/aead_backend.h"

namespace wring {

// What WRING_AEAD names, or nothing where it is not set or empty. The error says which names there
// are on this machine.
[[nodiscard]] Result<std::optional<AeadBackend>> cipher_by_environment();

// The one that an engine would use, for people; where WRING_AEAD is wrong, that error.
[[nodiscard]] std::string cipher_name();

}  // namespace wring
