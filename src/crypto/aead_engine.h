// Seals and opens the data packets of a worker. There are several implementations of
// ChaCha20-Poly1305. The product uses the fastest one that runs here and gives the right answers.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "crypto/aead.h"

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
  // For the log and for benchmarks, such as "libsodium".
  [[nodiscard]] virtual std::string_view name() const = 0;
};

// The first two work packet by packet. kLanes fills vector registers across the packets of a batch,
// and leaves batches of few packets to the best of the others.
enum class AeadBackend { kLibsodium, kIpsecMb, kLanes };

// Nothing when this build or this processor lacks the backend, or when its answers to a set of
// known questions differ from libsodium's. Takes some milliseconds (IPsec-MB tests itself).
[[nodiscard]] std::unique_ptr<AeadEngine> make_aead_engine(AeadBackend backend);
// The best there is; libsodium is always there. Call prepare_crypto() before.
[[nodiscard]] std::unique_ptr<AeadEngine> make_aead_engine();

}  // namespace wring
