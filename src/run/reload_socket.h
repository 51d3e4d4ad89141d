// By which `wring reload` asks a supervisor, and gets its answer.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "run/record.h"

namespace wring::run {

struct ReloadAnswer {
  bool done = false;
  std::string text;  // lines for people
};

// FOLDER/INTERFACE.sock, which only root can reach. Main thread.
class ReloadSocket {
 public:
  // More clients than these are turned away.
  static constexpr std::size_t kMaxClients = 16;

  // The process that has the lock of the interface's record opens it: what another one left goes.
  // `asked` is called when somebody asks. `loop` outlives this.
  static Result<ReloadSocket> open(const std::string& interface, EventLoop& loop,
                                   std::function<void()> asked,
                                   const std::string& folder = kRecordFolder);
  ReloadSocket(ReloadSocket&&) noexcept;
  ReloadSocket& operator=(ReloadSocket&&) = delete;
  // Removes it. Those who wait are hung up on.
  ~ReloadSocket();

  // Those who have asked since the last call. They wait for an answer.
  [[nodiscard]] std::vector<UniqueFd> take();
  static void answer(const std::vector<UniqueFd>& clients, const ReloadAnswer& answer);

 private:
  struct State;
  explicit ReloadSocket(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Asks for a reload, and waits until it is done or was refused. An Error if nobody serves the
// interface, or there is no answer.
[[nodiscard]] Result<ReloadAnswer> ask_for_reload(const std::string& interface,
                                                  const std::string& folder = kRecordFolder);

}  // namespace wring::run
