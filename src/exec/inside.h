// The inside as the supervisor has it: a process in namespaces of its own, and ways to it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "exec/channel.h"
#include "exec/inner_interface.h"
#include "exec/keeper.h"
#include "exec/namespaces.h"

namespace wring::exec {

class Inside {
 public:
  // Forks, and returns when all is made, interface included, and nothing runs there yet. Main
  // thread, before there are others. The Error says what was refused, by what, and what to do.
  static Result<Inside> make(KeeperOptions options);

  Inside(Inside&& other) noexcept
      : keeper_(std::exchange(other.keeper_, 0)),
        others_(std::move(other.others_)),
        channel_(std::move(other.channel_)),
        interface_(std::move(other.interface_)),
        routing_(std::move(other.routing_)),
        namespaces_(std::move(other.namespaces_)) {}
  Inside& operator=(Inside&&) = delete;
  // Ends all that runs there, and every child of this process that was not there before.
  ~Inside();

  // The interface, for an engine; and a netlink socket for changes. Each is given once.
  [[nodiscard]] InnerInterface take_interface() { return std::move(interface_); }
  [[nodiscard]] UniqueFd take_routing() { return std::move(routing_); }
  [[nodiscard]] const Namespaces& namespaces() const { return namespaces_; }

  [[nodiscard]] pid_t keeper() const { return keeper_; }

  // Starts the command.
  [[nodiscard]] Result<void> start(const std::string& resolv_conf) const;
  // The command gets it, unless it went to all of our process group, the command among them.
  [[nodiscard]] Result<void> signal(int number) const;
  // Readable when there are messages.
  [[nodiscard]] int fd() const { return channel_.fd(); }
  // kEnded; nothing if there is none.
  [[nodiscard]] Result<std::optional<Message>> next() const;

 private:
  Inside(pid_t keeper, Channel channel) : keeper_(keeper), channel_(std::move(channel)) {}

  pid_t keeper_;
  std::set<pid_t> others_;  // children that were there before, of who executed this program
  Channel channel_;
  InnerInterface interface_;
  UniqueFd routing_;
  Namespaces namespaces_;
};

}  // namespace wring::exec
