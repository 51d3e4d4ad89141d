// Seals and opens the data packets of a worker. There are several implementations of
// ChaCha20-Poly1305. The product uses the fastest one that runs here and gives the right answers.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "crypto/aead.h"
#include "crypto/aead_backend.h"

namespace wring {

// Owned by one thread at a time: an engine has scratch space. No secret stays in it after a call.
class AeadEngine {
 public:
  AeadEngine() = default;
  AeadEngine(const AeadEngine&) = delete;
  AeadEngine& operator=(const AeadEngine&) = delete;
  virtual ~AeadEngine() = default;

  // The same contract as the functions seal() and open() of crypto/aead.h. Tags are compared in
  // constant time, and a forged packet never tells where it differs.
  virtual void seal(std::span<const SealJob> jobs) = 0;
  virtual void open(std::span<OpenJob> jobs) = 0;
  // For people, such as "lanes, AVX-512".
  [[nodiscard]] virtual std::string_view name() const = 0;
};

// Without `wanted` the best there is; libsodium is always there. Nothing when this build or this
// processor lacks the one that is wanted, or when its answers to a set of known questions differ
// from libsodium's. Takes some milliseconds (IPsec-MB tests itself). Call prepare_crypto() before.
[[nodiscard]] std::unique_ptr<AeadEngine> make_aead_engine(
    std::optional<AeadBackend> wanted = std::nullopt);

}  // namespace wring
