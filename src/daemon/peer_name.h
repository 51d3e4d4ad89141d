// A peer's name in the log: the first and the last four characters of its key as `wg` writes it.
#pragma once

#include <sodium/utils.h>

#include <array>
#include <string>

#include "crypto/keys.h"

namespace wring {

inline std::string short_name(const PublicKey& key) {
  std::array<char, sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL)> text;
  sodium_bin2base64(text.data(), text.size(), key.bytes.data(), key.bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  const std::string whole(text.data());
  return whole.substr(0, 4) + "..." + whole.substr(whole.size() - 5, 4);
}

}  // namespace wring
