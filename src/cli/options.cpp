// Describes the options to CLI11 and adds what the environment says.
#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string_view>
#include <thread>
#include <utility>

#include "base/result.h"
#include "cli/chosen_cipher.h"
#include "cli/commands.h"
#include "cli/cpu_list.h"

namespace wring {
namespace {

constexpr const char* kPurpose =
    "WireGuard in userspace: makes the interface INTERFACE, which wg and wg-quick configure.";
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

Result<void> apply_environment(Options& options, bool log_level_given) {
  const char* level = std::getenv("LOG_LEVEL");
  if (level != nullptr && !log_level_given) {
    // Other programs read this variable, too. A value that we do not know means the default.
    if (const auto known = kLogLevels.find(level); known != kLogLevels.end()) {
      options.log_level = known->second;
    }
  }
  const char* foreground = std::getenv("WG_PROCESS_FOREGROUND");
  if (foreground != nullptr && std::string_view(foreground) == "1") options.foreground = true;

  auto handed_in = handed_in_by_environment();
  if (!handed_in) return tl::unexpected(handed_in.error());
  options.handed_in = std::move(*handed_in);
  auto cipher = cipher_by_environment();
  if (!cipher) return tl::unexpected(cipher.error());
  options.cipher = *cipher;
  return {};
}

// What only other options or the system can judge.
struct Unchecked {
  bool workers_given = false;
  bool log_level_given = false;
  std::string cpu_list;  // empty: not given
  std::string user;
};

Result<void> check(Options& options, const Unchecked& unchecked) {
  if (auto done = apply_environment(options, unchecked.log_level_given); !done) return done;
  if (!unchecked.cpu_list.empty()) {
    auto done = apply_cpus(options, unchecked.cpu_list, unchecked.workers_given);
    if (!done) return done;
  }
  if (unchecked.user.empty()) return {};
  auto account = find_account(unchecked.user);
  if (!account) return tl::unexpected(account.error());
  options.privileges.user = std::move(*account);
  return {};
}

void describe_packet_options(CLI::App& app, Options& options, Unchecked& unchecked) {
  app.add_option("--workers", options.workers, "Packet threads; by default one per core, 4 at most")
      ->check(CLI::Range(1U, kMaxWorkers))
      ->each([&unchecked](const std::string&) { unchecked.workers_given = true; })
      ->type_name("N");
  app.add_option("--cpus", unchecked.cpu_list,
                 "CPUs for the packet threads, 0-3,8 for example: one thread on each")
      ->check([](const std::string& list) { return list.empty() ? "names no CPUs" : ""; })
      ->type_name("LIST");
  app.add_option("--io", options.io,
                 "auto (default: io_uring where it may be used), uring or epoll")
      ->transform(CLI::CheckedTransformer(kPumpKinds).description(""))
      ->type_name("KIND");
  app.add_flag_callback(
      "--no-offload", [&options] { options.offload = false; },
      "Pass packets and datagrams one by one, where by default the kernel joins and splits");
}

void describe_confinement(CLI::App& app, Options& options, Unchecked& unchecked) {
  app.add_flag("--drop-all", options.privileges.drop_all,
               "Keep no capability once the interface is up: fwmark and ports below 1024 cannot be "
               "set then, and a move to another network namespace is not noticed");
  app.add_option("--user", unchecked.user,
                 "Go on as this user, which should serve nothing else, once the interface is up; "
                 "the socket file stays behind at the end")
      ->type_name("NAME");
  app.add_flag_callback(
      "--no-seccomp", [&options] { options.privileges.filter_system_calls = false; },
      "Do not filter system calls");
}

std::string footer() {
  // Wrapped like the lines above it.
  std::string commands = "Commands, as the first word:";
  std::size_t line = 0;
  for (const std::string_view name : command_names()) {
    const bool fits = commands.size() - line + name.size() < 80;
    if (!fits) line = commands.size();
    commands.append(fits ? " " : "\n").append(name);
  }
  return "Environment: LOG_LEVEL (as --log-level), WG_PROCESS_FOREGROUND=1 (as -f), WG_TUN_FD,\n"
         "WG_PACKET_FD, WG_STACK_FD, WG_NETLINK_FD and WG_UAPI_FD (open descriptors to use "
         "instead\n"
         "of making interface and control socket), WRING_AEAD (the cipher's implementation): see "
         "wring(1).\n"
         "Signals: SIGTERM and SIGINT end it and remove the interface; SIGUSR1 logs what was "
         "dropped,\n"
         "by reason.\n" +
         commands +
         ".\n"
         "See wring COMMAND --help. An interface with such a name: wring -- NAME.";
}

// CLI11 keeps references to both until it has parsed.
void describe(CLI::App& app, Options& options, Unchecked& unchecked) {
  app.add_option("INTERFACE", options.interface, "Name of the interface to make, wg0 for example")
      ->required();
  app.add_flag(
      "-f,--foreground", options.foreground,
      "Stay in the foreground and log to stderr (else: go to the background once the interface "
      "answers, and log to syslog)");
  describe_packet_options(app, options, unchecked);
  app.add_option("--log-level", options.log_level, "silent, error (default) or verbose")
      ->transform(CLI::CheckedTransformer(kLogLevels).description(""))
      ->each([&unchecked](const std::string&) { unchecked.log_level_given = true; })
      ->type_name("LEVEL");
  app.add_option("--keylog", options.key_log,
                 "Append the keys of every session to FILE, for Wireshark to decrypt the traffic")
      ->check([](const std::string& path) { return path.empty() ? "names no file" : ""; })
      ->type_name("FILE");
  describe_confinement(app, options, unchecked);
  app.set_version_flag(
      "--version",
      [] { return std::string("wring ") + WRING_VERSION + "\ncipher: " + cipher_name(); },
      "Print the version, and the implementation of the cipher that would be used, and exit");
  app.footer(footer());
}

}  // namespace

void with_options_described(const std::function<void(const CLI::App&)>& use) {
  Options options;
  Unchecked unchecked;
  CLI::App app(kPurpose, "wring");
  describe(app, options, unchecked);
  use(app);
}

tl::expected<Options, Stop> parse_options(int argc, const char* const* argv) {
  Options options;
  options.workers = default_workers();
  Unchecked unchecked;
  CLI::App app(kPurpose, "wring");
  describe(app, options, unchecked);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {
    std::ostringstream text;
    const int status = app.exit(wanted, text, text);
    return tl::unexpected(Stop{status, text.str()});
  } catch (const CLI::ParseError& error) {
    return tl::unexpected(
        Stop{EXIT_FAILURE, "wring: " + std::string(error.what()) + "; see wring --help\n"});
  }
  if (auto checked = check(options, unchecked); !checked) {
    return tl::unexpected(Stop{EXIT_FAILURE, "wring: " + checked.error().message + "\n"});
  }
  return options;
}

int print(const Stop& stop) {
  std::fputs(stop.text.c_str(), stop.exit_status == EXIT_SUCCESS ? stdout : stderr);
  return stop.exit_status;
}

}  // namespace wring
