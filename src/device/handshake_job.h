// The costly part of a handshake: Curve25519 and what depends on it, as values that any thread can
// work on. A job holds copies of all that it needs, so it shares nothing with the device. Its
// result counts only when the device takes it back and finds that it still fits.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "base/drop_reason.h"
#include "base/rng.h"
#include "ip/endpoint.h"
#include "noise/handshake.h"

namespace wring {

// The static-static secret of a peer. The job makes it if the device has none. Empty afterwards if
// the peer's key is of low order (P17).
using StaticStatic = std::optional<SharedSecret>;

// The Curve25519 products that the next steps need. They point into the works, so a work does not
// move from one step to the next.
using Agreements = std::vector<Agreement>;

// Work advances in steps. Each call of proceed() uses the products that the previous call
// requested, and requests the next ones in `wanted`. When it requests none, the work is done.

// Who sent this initiation? One product.
struct IdentifyWork {
  InitiationMessage message;
  std::optional<IdentifiedInitiation> identified{};

  // From one step to the next.
  enum class Step { kRequestProduct, kIdentify };
  Step step = Step::kRequestProduct;
  SharedSecret static_ephemeral{};

  void proceed(const LocalIdentity& identity, Rng& rng, Agreements& wanted);
};

// Is it authentic and new, and what is the answer? Three products, and one for the static-static
// secret. An initiation that is refused costs no product for an answer.
struct AnswerWork {
  InitiationMessage message;
  IdentifiedInitiation identified;
  std::uint64_t peer = 0;  // its serial number
  StaticStatic static_static{};
  PresharedKey preshared_key{};
  Tai64n newer_than{};    // P5
  bool too_soon = false;  // the peer's last initiation was consumed just now (P5)

  Tai64n timestamp{};
  std::optional<Response> response{};  // its index is still to be chosen
  DropReason refused{};                // why there is none

  // From one step to the next.
  enum class Step { kRequestStaticStatic, kAuthenticate, kRespond };
  Step step = Step::kRequestStaticStatic;
  std::optional<ReceivedInitiation> received{};
  Ephemeral ephemeral{};

  void proceed(const LocalIdentity& identity, Rng& rng, Agreements& wanted);

 private:
  [[nodiscard]] bool is_acceptable();
};

// A new initiation. Two products, and one for the static-static secret.
struct InitiateWork {
  std::uint64_t peer = 0;
  PublicKey remote_static;
  StaticStatic static_static{};
  Tai64n stamp;          // no other initiation to this peer has it
  TimePoint begun_at{};  // when the device asked for it

  std::optional<Initiation> initiation{};  // its index is still to be chosen

  // From one step to the next.
  enum class Step { kRequestProducts, kInitiate };
  Step step = Step::kRequestProducts;
  Ephemeral ephemeral{};

  void proceed(const LocalIdentity& identity, Rng& rng, Agreements& wanted);
};

// Is this response authentic, and what are the keys? Two products.
struct FinishWork {
  ResponseMessage message;
  std::uint64_t peer = 0;
  SentInitiation sent;
  PresharedKey preshared_key{};

  std::optional<TransportKeys> keys{};

  // From one step to the next.
  enum class Step { kRequestProducts, kFinish };
  Step step = Step::kRequestProducts;
  ResponseProducts products{};

  void proceed(const LocalIdentity& identity, Rng& rng, Agreements& wanted);
};

struct HandshakeJob {
  std::shared_ptr<const LocalIdentity> identity;
  Endpoint from;  // where the message came from; not set for an initiation of ours
  std::variant<IdentifyWork, AnswerWork, InitiateWork, FinishWork> work;

  // It works on an initiation that another began.
  [[nodiscard]] bool answers() const {
    return std::holds_alternative<IdentifyWork>(work) || std::holds_alternative<AnswerWork>(work);
  }
};

// Runs all of them to the end, step by step. The products of one step are computed together. Any
// thread. `rng` is used by this thread alone, or it is thread-safe.
void run(std::span<HandshakeJob* const> jobs, Rng& rng);

// Has jobs run elsewhere, for example by a pool of threads.
class HandshakeExecutor {
 public:
  HandshakeExecutor() = default;
  HandshakeExecutor(const HandshakeExecutor&) = delete;
  HandshakeExecutor& operator=(const HandshakeExecutor&) = delete;
  virtual ~HandshakeExecutor() = default;
  // Runs it on some thread and hands it to Device::complete() on the control thread; never blocks.
  // Jobs may come back in any order.
  virtual void submit(std::unique_ptr<HandshakeJob> job) = 0;
};

}  // namespace wring
