// The process inside: it makes the namespaces and the interface, starts the command there, and sees
// to it that nothing of it is left.
#pragma once

#include <csignal>
#include <string>
#include <vector>

#include "exec/channel.h"
#include "exec/covers.h"
#include "exec/published_port.h"

namespace wring::exec {

struct KeeperOptions {
  std::string interface;
  std::vector<std::string> command;  // not empty; the first word is looked for on PATH
  SocketPaths covers;
  sigset_t signals{};  // that the command blocks
  std::vector<PublishedPort> ports;
  std::string room;  // a path to remove if the supervisor is killed; empty: none
};

// Descriptors of kReady, in this order. Its number is the interface's kind.
enum ReadyDescriptor : std::size_t {
  kPackets,
  kNetlink,
  kRouting,
  kUserSpace,
  kMountSpace,
  kNetSpace
};
inline constexpr std::size_t kReadyDescriptors = 6;

// In a process that was forked for it. Speaks on the channel, whose other end is in the parent.
// When the command ends, processes that it left behind get SIGTERM, and a second later SIGKILL.
// When the parent is gone, all are killed at once.
[[noreturn]] void keep(const Channel& channel, KeeperOptions& options);

}  // namespace wring::exec
