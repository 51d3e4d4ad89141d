// Text that was a secret.
#pragma once

#include <sodium.h>

#include <string>

namespace wring::proxy {

// Overwrites it. What the string had in memory that it has left stays behind.
inline void wipe(std::string& text) {
  sodium_memzero(text.data(), text.size());
}

}  // namespace wring::proxy
