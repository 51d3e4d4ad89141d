// Reads WRING_AEAD and tries whether what it names works here.
#include "cli/chosen_cipher.h"

#include <cstdlib>
#include <string_view>

#include "crypto/aead.h"
#include "crypto/aead_engine.h"

namespace wring {
namespace {

// "lanes, ipsec-mb, libsodium"
std::string names_of_available() {
  std::string names;
  for (const NamedAeadBackend& each : kAeadBackends) {
    if (make_aead_engine(each.backend)) names.append(names.empty() ? "" : ", ").append(each.name);
  }
  return names;
}

}  // namespace

Result<std::optional<AeadBackend>> cipher_by_environment() {
  const char* text = std::getenv("WRING_AEAD");
  if (text == nullptr || *text == '\0') return std::optional<AeadBackend>();
  if (!prepare_crypto()) return failure("libsodium cannot be initialised");
  const auto backend = aead_backend_named(text);
  if (backend && make_aead_engine(*backend)) return backend;
  return failure("WRING_AEAD=" + std::string(text) + ": " +
                 (backend ? "this build or this processor lacks it"
                          : "no implementation of the cipher has this name") +
                 "; unset it for the best, or take one of: " + names_of_available());
}

std::string cipher_name() {
  const auto chosen = cipher_by_environment();
  if (!chosen) return chosen.error().message;
  if (!prepare_crypto()) return "none, because libsodium cannot be initialised";
  return std::string(make_aead_engine(*chosen)->name());
}

}  // namespace wring
