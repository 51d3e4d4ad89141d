// A connection to a target: its name is looked up, and its addresses are tried as RFC 8305 has it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "base/wakeup.h"
#include "config/tunnel_config.h"
#include "ip/endpoint.h"
#include "proxy/counters.h"
#include "proxy/loop.h"
#include "proxy/resolver.h"
#include "proxy/sides.h"
#include "proxy/watched.h"

namespace wring::proxy {

// Whether an address is behind a peer that does not answer. It changes with time.
using IsSilent = std::function<bool(const IpAddress&)>;

// Counts those who wait for an answer from an end of the tunnel. One thread.
class Waiting {
 public:
  // `first` is notified when somebody begins to wait and nobody did before; null: nobody is told.
  Waiting(std::atomic<std::uint64_t>& count, const Wakeup* first) : count_(count), first_(first) {}
  void begin() {
    if (count_.fetch_add(1, std::memory_order_relaxed) == 0 && first_ != nullptr) first_->notify();
  }
  void end() { count_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t>& count_;
  const Wakeup* first_;
};

// One end of the tunnel, as those see it who connect to something there. All outlive who uses it.
struct Reach {
  Loop& loop;
  Side& side;
  Resolver* resolver;  // never null
  Families families = Families::kIpv6First;
  IsSilent is_silent;
  Waiting waiting;
};

class Dial {
 public:
  // RFC 8305: how long one address has before the next is tried as well.
  static constexpr std::chrono::milliseconds kHeadStart{250};
  // At once. The one that was begun first gives way to the next.
  static constexpr std::size_t kMostAttempts = 4;
  // For all addresses together, and for the look-up of the name.
  static constexpr std::chrono::seconds kLimit{15};
  // How often it is looked whether the peer has fallen silent. Who waits for so long is counted.
  static constexpr std::chrono::milliseconds kLook{500};

  struct Connected {
    Watched socket;        // does not block
    std::uint32_t events;  // that were reported of it
  };
  using Done = std::function<void(tl::expected<Connected, Refusal>)>;

  // `done` is called once, not before this returns, unless the dial is destroyed before: then
  // nothing is left of it. Who gets the socket watches it before the dial is destroyed.
  Dial(Reach& reach, const config::HostPort& target, Side::Manner manner, Done done);
  Dial(const Dial&) = delete;
  Dial& operator=(const Dial&) = delete;
  ~Dial();

 private:
  void look_up(const std::string& host);
  void use(std::vector<IpAddress> addresses);
  void begin_next();
  void on_ready(int socket, int error, std::uint32_t events);
  void try_next_or_fail();
  void look();
  void finish(tl::expected<Connected, Refusal> result);
  void drop_attempts();

  Reach& reach_;
  std::uint16_t port_;
  Side::Manner manner_;
  Done done_;
  std::vector<IpAddress> ahead_;  // the next one is the last
  std::vector<std::pair<Watched, IpAddress>> attempts_;
  Refusal worst_ = Refusal::kUnreachable;  // of the attempts that failed
  Loop::TimerId next_ = Loop::kNoTimer;
  Loop::TimerId look_ = Loop::kNoTimer;
  TimePoint limit_;
  bool waits_ = false;  // long enough to be counted
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wring::proxy
