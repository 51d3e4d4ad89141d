// A connection to an engine's control socket.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "client/interface_state.h"
#include "control/uapi_format.h"
#include "control/uapi_socket.h"
#include "device/configurable.h"

namespace wring::client {

// How long an engine may move no byte. It applies a request in one go: 100,000 peers take 0.4 s.
inline constexpr std::chrono::milliseconds kPatience{10'000};
// In bytes. 100,000 peers with ten prefixes each take 50 MB.
inline constexpr std::size_t kMaxReplySize = 512U << 20;

// Blocks. One thread at a time. An Error names the interface and says what to do. After one, the
// connection is of no more use.
class Connection {
 public:
  // Connects to FOLDER/INTERFACE.sock. The error's code is ENODEV if nothing serves that interface;
  // the message lists those that are served.
  static Result<Connection> open(const std::string& interface,
                                 const std::string& folder = kUapiFolder,
                                 std::chrono::milliseconds patience = kPatience);
  // Takes a connected stream, one end of a socket pair for example.
  static Result<Connection> adopt(UniqueFd stream, const std::string& interface,
                                  std::chrono::milliseconds patience = kPatience);

  [[nodiscard]] Result<InterfaceState> get(GetDetail detail = GetDetail::kAll);
  // Each line of the reply as the engine writes it, keys and all, but its last two. It is wiped
  // after `take` has seen it.
  [[nodiscard]] Result<void> get_lines(const std::function<void(std::string_view line)>& take);
  // Asks for events, and gives the stream away: its answer and the events come there (EventStream).
  [[nodiscard]] Result<UniqueFd> ask_for_events() &&;
  // The error's code is the errno with which the engine refused the change.
  [[nodiscard]] Result<void> set(const ConfigChange& change);

 private:
  Connection(UniqueFd stream, std::string interface)
      : stream_(std::move(stream)), interface_(std::move(interface)) {}
  [[nodiscard]] Result<void> send(std::string_view text) const;
  // Calls `take` with each line up to the blank one, which is included.
  [[nodiscard]] Result<void> receive(const std::function<void(std::string_view)>& take) const;
  [[nodiscard]] tl::unexpected<Error> lost(int error) const;

  UniqueFd stream_;
  std::string interface_;
};

// Asks over a connection of its own, because some engines take one request only. The errors are
// those of open() and get().
[[nodiscard]] Result<InterfaceState> ask(const std::string& interface);

}  // namespace wring::client
