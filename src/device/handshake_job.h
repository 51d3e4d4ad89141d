// The costly part of a handshake: Curve25519 and what hangs on it, cut out as values that any
// thread can work on. A job holds copies of all that it needs, so that it shares nothing with the
// device; what comes of it counts only when the device takes it back and finds that it still fits.
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

// The static-static secret of a peer: what the device has of it, else made by the job. Empty
// afterwards if the peer's key is of low order (P17).
using StaticStatic = std::optional<SharedSecret>;

// The Curve25519 products that the next steps take. They point into the works, which therefore do
// not move from one step to the next.
using Agreements = std::vector<Agreement>;

// Each kind of work goes on in steps: proceed() does what can be done with the products that it
// has, and adds to `wanted` those that it wants next. If it adds none, the work is done.

// Who sent this initiation? One product.
struct IdentifyWork {
  InitiationMessage message;
  std::optional<IdentifiedInitiation> identified{};

  // From one step to the next.
  bool begun = false;
  SharedSecret static_ephemeral{};

  void proceed(const LocalIdentity& identity, Rng& rng, Agreements& wanted);
};

// Is it authentic and new, and what is the answer? Three products, and one for the static-static
// secret. What is refused is refused before the answer is made.
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
  bool begun = false;
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
  bool begun = false;
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
  bool begun = false;
  ResponseProducts products{};

  void proceed(const LocalIdentity& identity, Rng& rng, Agreements& wanted);
};

struct HandshakeJob {
  std::shared_ptr<const LocalIdentity> identity;
  Endpoint from;  // where the message came from; not set where none did
  std::variant<IdentifyWork, AnswerWork, InitiateWork, FinishWork> work;

  // It works on an initiation that another began.
  [[nodiscard]] bool answers() const {
    return std::holds_alternative<IdentifyWork>(work) || std::holds_alternative<AnswerWork>(work);
  }
};

// Works on all of them to the end, step by step, and computes what they want in each step together.
// Any thread. `rng` is used by this thread alone, or thread-safe.
void run(std::span<HandshakeJob* const> jobs, Rng& rng);

// Whoever has jobs run elsewhere.
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
