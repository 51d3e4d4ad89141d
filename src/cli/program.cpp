#include "cli/program.h"

#include <fcntl.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/resource.h>
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

namespace wring {
namespace {

// Whoever started us may have closed some of them. What we open next would take their numbers, and
// with them what is written to stderr, and be replaced when we go to the background.
Result<void> open_missing_standard_streams() {
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // In this order the lowest free number is the one that is missing.
    if (::fcntl(standard, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != standard) {
      return system_failure("cannot open /dev/null", errno);
    }
  }
  return {};
}

// Keys must not end up in a core file, nor be read by a debugger of the same user. A dump that root
// takes all the same, as gcore does, has no memory of ours in it.
void forbid_core_dumps() {
  if (const UniqueFd parts(::open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC)); parts) {
    [[maybe_unused]] const auto written = ::write(parts.get(), "0", 1);
  }
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

// Blocked in every thread (it is called before there are any) and read by the control thread.
UniqueFd signals_as_descriptor() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1})
    sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A client of the control socket that goes away is an error of write(), not the end.
  ::signal(SIGPIPE, SIG_IGN);
  return UniqueFd(signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
}

int fail(const Error& error) {
  std::cerr << "wring: " << error.message << "\n";
  return EXIT_FAILURE;
}

}  // namespace

int run_program(Options options) {
  if (auto open = open_missing_standard_streams(); !open) return fail(open.error());
  forbid_core_dumps();
  std::optional<BackgroundStart> background;
  if (!options.foreground) {
    std::vector<int> handed_in;
    for (const auto& fd : {options.tun_fd, options.uapi_fd}) {
      if (fd) handed_in.push_back(*fd);
    }
    auto child = BackgroundStart::fork_child(std::move(handed_in));
    if (!child) return fail(child.error());
    background.emplace(std::move(*child));
  }
  const UniqueFd signals = signals_as_descriptor();
  if (!signals) return fail({"cannot make a signalfd", 0});
  log_to_stderr(options.log_level, options.interface);

  TunnelOptions tunnel_options;
  tunnel_options.interface = options.interface;
  tunnel_options.workers = options.workers;
  tunnel_options.cpus = std::move(options.cpus);
  tunnel_options.io = options.io;
  tunnel_options.offload = options.offload;
  tunnel_options.privileges = std::move(options.privileges);
  if (options.tun_fd) tunnel_options.tun_fd.reset(*options.tun_fd);
  if (options.uapi_fd) tunnel_options.uapi_fd.reset(*options.uapi_fd);
  if (!options.key_log.empty()) {
    auto key_log = KeyLog::open(options.key_log);
    if (!key_log) return fail(key_log.error());
    tunnel_options.key_log = std::move(*key_log);
  }
  auto tunnel = Tunnel::open(std::move(tunnel_options));
  if (!tunnel) return fail(tunnel.error());

  // All that may fail comes before the parent returns.
  if (background) {
    if (auto prepared = background->prepare(); !prepared) return fail(prepared.error());
  }
  if (auto confined = (*tunnel)->confine(); !confined) return fail(confined.error());
  if (background) {
    log_to_syslog(options.log_level, (*tunnel)->interface());
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
