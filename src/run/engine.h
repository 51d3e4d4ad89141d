// The engine as a child of ours.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/connection.h"
#include "run/child.h"

namespace wring::run {

// `wring -f INTERFACE`. It gets SIGTERM when this process dies, however that happens. Start it from
// the main thread, before there are others.
class Engine {
 public:
  // `options` are words of its command line besides: --workers, 2. Returns when it answers on its
  // control socket. The Error of one that ended has its exit status; what it had to say is on
  // stderr.
  static Result<Engine> start(const std::string& interface,
                              const std::vector<std::string>& options = {});

  using HandedIn = Child::HandedIn;
  // Gives it an interface in place of the one that it would make. There is no control socket but
  // connection(), and the engine ends when that is closed. Returns when it answers.
  static Result<Engine> start_with(const std::string& interface, std::vector<HandedIn> handed_in);

  [[nodiscard]] pid_t pid() const { return child_.pid(); }
  // Readable once it has ended.
  [[nodiscard]] int fd() const { return child_.fd(); }
  // To the one that start_with() started.
  [[nodiscard]] client::Connection& connection() { return *connection_; }
  // Has it end, and waits for that, as its destruction does. Its interface is gone afterwards.
  void stop() { child_.stop(); }

 private:
  explicit Engine(Child child) : child_(std::move(child)) {}
  static Result<Engine> launch(const std::vector<std::string>& words,
                               const std::vector<HandedIn>& handed_in);
  [[nodiscard]] Result<void> await_answer(const std::string& interface);

  Child child_;
  std::optional<client::Connection> connection_;
};

}  // namespace wring::run
