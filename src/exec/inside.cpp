// Starts the keeper and takes over what it made.
#include "exec/inside.h"

#include <sys/wait.h>

#include <cerrno>
#include <chrono>

#include "exec/children.h"

namespace wring::exec {
namespace {

using Kind = Message::Kind;

tl::unexpected<Error> said_by(const Message& message) {
  return failure(message.text, message.number);
}

}  // namespace

Result<Inside> Inside::make(KeeperOptions options) {
  auto ends = Channel::pair();
  if (!ends) return tl::unexpected(ends.error());
  std::set<pid_t> others = children();
  adopt_orphans();
  const pid_t keeper = fork();
  if (keeper < 0) return system_failure("cannot start a process", errno);
  if (keeper == 0) {
    const Channel theirs = std::move(ends->second);
    { const Channel ours = std::move(ends->first); }
    keep(theirs, options);
  }
  Inside inside(keeper, std::move(ends->first));
  inside.others_ = std::move(others);
  { const Channel theirs = std::move(ends->second); }
  auto ready = inside.channel_.receive();
  if (!ready) return tl::unexpected(ready.error());
  if (ready->kind == Kind::kFailed) return said_by(*ready);
  auto& made = ready->descriptors;
  if (ready->kind != Kind::kReady || made.size() != kReadyDescriptors) {
    return failure("the process inside did not say what it made", EPROTO);
  }
  inside.interface_ = {static_cast<InnerInterface::Kind>(ready->number), std::move(made[kPackets]),
                       std::move(made[kNetlink])};
  inside.routing_ = std::move(made[kRouting]);
  inside.namespaces_ = {std::move(made[kUserSpace]), std::move(made[kMountSpace]),
                        std::move(made[kNetSpace])};
  return inside;
}

Inside::~Inside() {
  if (keeper_ == 0) return;
  channel_.close();
  while (waitpid(keeper_, nullptr, 0) < 0 && errno == EINTR)
    continue;
  // If it was killed, what it looked after has come to us.
  end_children(std::chrono::seconds(0), others_);
}

Result<void> Inside::start(const std::string& resolv_conf) const {
  Message start;
  start.kind = Kind::kStart;
  start.text = resolv_conf;
  return channel_.send(start);
}

Result<void> Inside::signal(int number) const {
  Message signal;
  signal.kind = Kind::kSignal;
  signal.number = number;
  return channel_.send(signal);
}

Result<std::optional<Message>> Inside::next() const {
  auto message = channel_.receive_now();
  if (message && *message && (*message)->kind == Kind::kFailed) return said_by(**message);
  return message;
}

}  // namespace wring::exec
