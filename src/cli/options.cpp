#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string_view>
#include <thread>
#include <utility>

#include "base/result.h"
#include "cli/cpu_list.h"

namespace wring {
namespace {

constexpr unsigned kMaxWorkers = 64;
constexpr unsigned kDefaultWorkersMax = 4;

const std::map<std::string, LogLevel> kLogLevels = {{"silent", LogLevel::kSilent},
                                                    {"error", LogLevel::kError},
                                                    {"verbose", LogLevel::kVerbose},
                                                    {"debug", LogLevel::kVerbose}};

const std::map<std::string, PumpKind> kPumpKinds = {
    {"auto", PumpKind::kAuto}, {"uring", PumpKind::kUring}, {"epoll", PumpKind::kEpoll}};

unsigned default_workers() {
  return std::clamp(std::thread::hardware_concurrency(), 1U, kDefaultWorkersMax);
}

// One worker for each CPU.
Result<void> apply_cpus(Options& options, std::string_view list, bool workers_given) {
  auto cpus = parse_cpu_list(list);
  if (!cpus) return failure("--cpus: " + cpus.error().message);
  if (cpus->size() > kMaxWorkers) {
    return failure("--cpus names " + std::to_string(cpus->size()) + " CPUs; there are at most " +
                   std::to_string(kMaxWorkers) + " workers");
  }
  if (workers_given && options.workers != cpus->size()) {
    return failure("--cpus asks for " + std::to_string(cpus->size()) + " workers, --workers for " +
                   std::to_string(options.workers) + "; leave --workers out");
  }
  options.workers = static_cast<unsigned>(cpus->size());
  options.cpus = std::move(*cpus);
  return {};
}

// A descriptor that whoever started us handed in.
Result<std::optional<int>> descriptor_from(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return std::optional<int>();
  const std::string_view view(text);
  int fd = -1;
  const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), fd);
  if (error != std::errc() || end != view.data() + view.size() || fd < 0) {
    return failure(std::string(variable) + "=" + text +
                   ": not the number of an open descriptor; unset it or hand one in");
  }
  return std::optional<int>(fd);
}

Result<void> apply_environment(Options& options, bool log_level_given) {
  const char* level = std::getenv("LOG_LEVEL");
  if (level != nullptr && !log_level_given) {
    // Many programs read this variable: a value that is not ours stands for the default.
    if (const auto known = kLogLevels.find(level); known != kLogLevels.end()) {
      options.log_level = known->second;
    }
  }
  const char* foreground = std::getenv("WG_PROCESS_FOREGROUND");
  if (foreground != nullptr && std::string_view(foreground) == "1") options.foreground = true;

  const auto tun = descriptor_from("WG_TUN_FD");
  if (!tun) return tl::unexpected(tun.error());
  const auto uapi = descriptor_from("WG_UAPI_FD");
  if (!uapi) return tl::unexpected(uapi.error());
  options.tun_fd = *tun;
  options.uapi_fd = *uapi;
  return {};
}

}  // namespace

std::optional<Options> parse_options(int argc, const char* const* argv, int& exit_status) {
  Options options;
  options.workers = default_workers();

  CLI::App app(
      "WireGuard in userspace: makes the interface INTERFACE, which wg and wg-quick configure.",
      "wring");
  app.add_option("INTERFACE", options.interface, "Name of the interface to make, wg0 for example")
      ->required();
  app.add_flag(
      "-f,--foreground", options.foreground,
      "Stay in the foreground and log to stderr (else: go to the background once the interface "
      "answers, and log to syslog)");
  auto* workers = app.add_option("--workers", options.workers,
                                 "Packet threads; by default one per core, 4 at most")
                      ->check(CLI::Range(1U, kMaxWorkers))
                      ->type_name("N");
  std::string cpu_list;
  auto* cpus = app.add_option("--cpus", cpu_list,
                              "CPUs for the packet threads, 0-3,8 for example: one thread on each")
                   ->type_name("LIST");
  app.add_option("--io", options.io,
                 "auto (default: io_uring where it may be used), uring or epoll")
      ->transform(CLI::CheckedTransformer(kPumpKinds).description(""))
      ->type_name("KIND");
  app.add_flag_callback(
      "--no-offload", [&options] { options.offload = false; },
      "Pass packets and datagrams one by one, where by default the kernel joins and splits");
  auto* level =
      app.add_option("--log-level", options.log_level, "silent, error (default) or verbose")
          ->transform(CLI::CheckedTransformer(kLogLevels).description(""))
          ->type_name("LEVEL");
  app.add_option("--keylog", options.key_log,
                 "Append the keys of every session to FILE, for Wireshark to decrypt the traffic")
      ->check([](const std::string& path) { return path.empty() ? "names no file" : ""; })
      ->type_name("FILE");
  app.add_flag("--drop-all", options.privileges.drop_all,
               "Keep no capability once the interface is up: fwmark and ports below 1024 cannot be "
               "set then, and a move to another network namespace is not noticed");
  std::string user;
  app.add_option("--user", user,
                 "Go on as this user once the interface is up; the socket file stays behind at the "
                 "end")
      ->type_name("NAME");
  app.add_flag_callback(
      "--no-seccomp", [&options] { options.privileges.filter_system_calls = false; },
      "Do not filter system calls");
  app.set_version_flag("--version", std::string("wring ") + WRING_VERSION);
  app.footer(
      "Environment: LOG_LEVEL (as --log-level), WG_PROCESS_FOREGROUND=1 (as -f), WG_TUN_FD and\n"
      "WG_UAPI_FD (open descriptors to use instead of making interface and control socket).\n"
      "Signals: SIGTERM and SIGINT end it and remove the interface; SIGUSR1 logs what was dropped, "
      "by "
      "reason.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {
    exit_status = app.exit(wanted);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    std::cerr << "wring: " << error.what() << "; see wring --help\n";
    exit_status = 1;
    return std::nullopt;
  }
  auto applied = apply_environment(options, level->count() > 0);
  if (applied && cpus->count() > 0) applied = apply_cpus(options, cpu_list, workers->count() > 0);
  if (!applied) {
    std::cerr << "wring: " << applied.error().message << "\n";
    exit_status = 1;
    return std::nullopt;
  }
  if (!user.empty()) {
    auto account = find_account(user);
    if (!account) {
      std::cerr << "wring: " << account.error().message << "\n";
      exit_status = 1;
      return std::nullopt;
    }
    options.privileges.user = std::move(*account);
  }
  return options;
}

}  // namespace wring
