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
  UniqueFd tun;
  UniqueFd uapi;
};

// Copies both before it closes one: the number of one may be free for the other's copy then.
Result<HandedIn> take_over_descriptors(const Options& options) {
  HandedIn taken;
  if (options.tun_fd) {
    auto fd = take_handed_in(*options.tun_fd, "WG_TUN_FD");
    if (!fd) return tl::unexpected(fd.error());
    taken.tun = std::move(*fd);
  }
  if (options.uapi_fd) {
    auto fd = take_handed_in(*options.uapi_fd, "WG_UAPI_FD");
    if (!fd) return tl::unexpected(fd.error());
    taken.uapi = std::move(*fd);
  }
  for (const auto& number : {options.tun_fd, options.uapi_fd}) {
    if (number) UniqueFd(*number).reset();
  }
  return taken;
}

TunnelOptions options_of_tunnel(Options& options, HandedIn handed_in) {
  TunnelOptions made;
  made.interface = options.interface;
  made.workers = options.workers;
  made.cpus = std::move(options.cpus);
  made.io = options.io;
  made.offload = options.offload;
  made.privileges = std::move(options.privileges);
  made.tun_fd = std::move(handed_in.tun);
  made.uapi_fd = std::move(handed_in.uapi);
  return made;
}

}  // namespace

int run_program(Options options) {
  auto handed_in = take_over_descriptors(options);
  if (!handed_in) return fail(handed_in.error());
  if (auto open = open_missing_standard_streams(); !open) return fail(open.error());
  forbid_core_dumps();
  std::optional<BackgroundStart> background;
  if (!options.foreground) {
    auto child = BackgroundStart::fork_child({handed_in->tun.get(), handed_in->uapi.get()});
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
