// A peer's name in the log: the first and the last four characters of its key as `wg` writes it.
#pragma once

#include <string>

#include "crypto/key_text.h"
#include "crypto/keys.h"

namespace wring {

inline std::string short_name(const PublicKey& key) {
  const std::string whole(KeyText(key.bytes).view());
  return whole.substr(0, 4) + "..." + whole.substr(whole.size() - 5, 4);
}

}  // namespace wring
