// A connection between a client and its target: two flows, and when they are over.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "proxy/counters.h"
#include "proxy/flow.h"
#include "proxy/idle_limit.h"
#include "proxy/loop.h"
#include "proxy/watched.h"

namespace wring::proxy {

// The end of one direction is passed on, and the other one goes on. If an end is reset, so is the
// other. So are both at the IdleLimit.
class Relay {
 public:
  struct End {
    Watched socket;
    std::uint32_t events = 0;  // that were reported of it and not answered, if it is watched
    UniqueFd end_mark{};       // see Side
  };
  struct Ends {
    End client;
    End target;
    std::string from_client;             // read already, goes to the target first
    std::string to_client;               // goes to the client first
    std::optional<std::uint64_t> limit;  // bytes that are taken from the client besides
    std::optional<ChunkedBody> body;     // or up to its end
    std::function<void()> break_off;     // resets the client who is behind a pair of sockets
  };
  // Called once, and the relay is kept until it returns. `parting`: the client, if its answer is
  // whole and more may come from it than was taken. To close it now would reset it, which overtakes
  // the tail of the answer.
  using Ended = std::function<void(std::optional<Watched> parting)>;
  Relay(Loop& loop, Pipes& pipes, ListenerCounters& counters, Ends ends, Ended ended);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay();

  // Passes on what there is already. False: the kernel's limit of watches is reached.
  [[nodiscard]] bool start();
  // The client was reset, which a pair of sockets does not tell.
  void break_off() {
    if (ended_) end(true);
  }

 private:
  void on_client(std::uint32_t events);
  void on_target(std::uint32_t events);
  void note_client(std::uint32_t events);
  void run();
  void run_again();
  void end(bool broken);

  Loop& loop_;
  Pipes& pipes_;
  ListenerCounters& counters_;
  End client_;
  End target_;
  Flow out_;  // from the client to the target
  Flow back_;
  Ended ended_;
  std::function<void()> break_client_off_;  // empty: closing it tells
  IdleLimit idle_;
  Loop::TimerId again_ = Loop::kNoTimer;
  bool client_failed_ = false;  // it was reset, or timed out
  bool target_failed_ = false;
  bool cut_off_ = false;  // one of them was, amid what it sends
  bool put_off_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wring::proxy
