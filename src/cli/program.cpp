// The order of a start: descriptors, the background, the tunnel, confinement, the loop.
#include "cli/program.h"

#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <vector>

#include "base/unique_fd.h"
#include "cli/background.h"
#include "cli/logging.h"
#include "daemon/tunnel.h"
#include "process/core_dumps.h"
#include "process/descriptors.h"

namespace wring {
namespace {

// Every thread blocks these signals, because this is called before there are any. The control
// thread reads them.
UniqueFd signals_as_descriptor() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1})
    sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A client of the control socket that goes away makes write() fail, and does not end the process.
  ::signal(SIGPIPE, SIG_IGN);
  return UniqueFd(signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
}

int fail(const Error& error) {
  std::cerr << "wring: " << error.message << "\n";
  return EXIT_FAILURE;
}

// The descriptors that the environment names, with numbers that the standard streams do not use.
struct HandedIn {
  HandedInInterface interface;
  UniqueFd uapi;

  [[nodiscard]] std::vector<int> all() const {
    std::vector<int> fds{interface.tun.get(), interface.netlink.get(), uapi.get()};
    fds.push_back(interface.stack.get());
    for (const UniqueFd& packets : interface.packets)
      fds.push_back(packets.get());
    return fds;
  }
};

// Copies all before it closes one: the number of one may be free for the other's copy then.
Result<HandedIn> take_over_descriptors(const HandedInNumbers& numbers) {
  HandedIn taken;
  std::vector<int> originals;
  Result<void> done;
  const auto take = [&](const std::optional<int>& number, const char* variable) {
    UniqueFd copy;
    if (!number || !done) return copy;
    auto fd = take_handed_in(*number, variable);
    if (!fd) {
      done = tl::unexpected(fd.error());
      return copy;
    }
    originals.push_back(*number);
    return std::move(*fd);
  };
  taken.interface.tun = take(numbers.tun, "WG_TUN_FD");
  taken.interface.netlink = take(numbers.netlink, "WG_NETLINK_FD");
  taken.uapi = take(numbers.uapi, "WG_UAPI_FD");
  taken.interface.stack = take(numbers.stack, "WG_STACK_FD");
  taken.interface.stack_mtu = numbers.stack_mtu;
  for (const int number : numbers.packets)
    taken.interface.packets.push_back(take(number, "WG_PACKET_FD"));
  if (!done) return tl::unexpected(done.error());
  for (const int number : originals)
    UniqueFd(number).reset();
  return taken;
}

TunnelOptions options_of_tunnel(Options& options, HandedIn handed_in) {
  TunnelOptions made;
  made.interface = options.interface;
  made.version = WRING_VERSION;
  made.workers = options.workers;
  made.cpus = std::move(options.cpus);
  made.io = options.io;
  made.offload = options.offload;
  made.cipher = options.cipher;
  made.privileges = std::move(options.privileges);
  made.handed_in = std::move(handed_in.interface);
  made.uapi_fd = std::move(handed_in.uapi);
  return made;
}

}  // namespace

int run_program(Options options) {
  auto handed_in = take_over_descriptors(options.handed_in);
  if (!handed_in) return fail(handed_in.error());
  if (auto open = open_missing_standard_streams(); !open) return fail(open.error());
  forbid_core_dumps();
  std::optional<BackgroundStart> background;
  if (!options.foreground) {
    auto child = BackgroundStart::fork_child(handed_in->all());
    if (!child) return fail(child.error());
    background.emplace(std::move(*child));
  }
  const UniqueFd signals = signals_as_descriptor();
  if (!signals) return fail({"cannot make a signalfd", 0});
  log_to(stderr_sink(options.interface), options.log_level);

  TunnelOptions tunnel_options = options_of_tunnel(options, std::move(*handed_in));
  if (!options.key_log.empty()) {
    auto key_log = KeyLog::open(options.key_log);
    if (!key_log) return fail(key_log.error());
    tunnel_options.key_log = std::move(*key_log);
  }
  auto tunnel = Tunnel::open(std::move(tunnel_options));
  if (!tunnel) return fail(tunnel.error());

  // All that may fail, or that a confined thread may not open, comes before the parent returns.
  LogSink syslog;
  if (background) {
    if (auto prepared = background->prepare(); !prepared) return fail(prepared.error());
    syslog = syslog_sink((*tunnel)->interface());
  }
  if (auto confined = (*tunnel)->confine(); !confined) return fail(confined.error());
  if (background) {
    log_to(std::move(syslog), options.log_level);
    if (auto ready = background->ready(); !ready) {
      spdlog::error("{}", ready.error().message);
      return EXIT_FAILURE;
    }
  }
  if (auto ended = (*tunnel)->run(signals.get()); !ended) {
    spdlog::error("{}", ended.error().message);
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}

}  // namespace wring
