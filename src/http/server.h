// Serves pages by HTTP: /metrics, /healthz and /readyz.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "base/wakeup.h"
#include "metrics/collector.h"
#include "metrics/options.h"

namespace wring::http {

// What clients may take, all of them together and each of them.
struct Limits {
  unsigned clients = 64;
  unsigned clients_of_one_address = 16;
  unsigned pages = 8;      // under way at a time
  unsigned snapshots = 3;  // that these pages are made of, the newest included (PageStreams)
  // From the first byte to the last: who takes longer is hung up on.
  std::chrono::seconds patience{30};
};

// One thread: that of the loop, which outlives it, as does all that is passed in.
class Server {
 public:
  static Result<std::unique_ptr<Server>> start(EventLoop& loop, UniqueFd listener,
                                               metrics::Collector& collector,
                                               const Wakeup& collected, metrics::Style style,
                                               const Limits& limits = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // When work() has something to do without an event of the loop.
  [[nodiscard]] TimePoint deadline() const;
  // After each round of the loop.
  void work();

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace wring::http
