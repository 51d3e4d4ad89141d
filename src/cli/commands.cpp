// Tells commands from interfaces, and finds and starts the programs that know them.
#include "cli/commands.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "base/result.h"

namespace wring {
namespace {

constexpr std::string_view kCommandNames[] = {"addconf", "bench",    "check",  "doctor",  "enter",
                                              "events",  "exec",     "genkey", "genpsk",  "metrics",
                                              "pubkey",  "reload",   "run",    "set",     "setconf",
                                              "show",    "showconf", "strip",  "syncconf"};
constexpr const char* kProgram = "wring-command";

// A command that is a program and a package of its own.
constexpr std::string_view kProxyCommand = "proxy";
constexpr const char* kProxyProgram = "wring-proxy";

Stop fail(const std::string& message) {
  return {EXIT_FAILURE, "wring: " + message + "\n"};
}

}  // namespace

std::span<const std::string_view> command_names() {
  return kCommandNames;
}

bool is_command(std::string_view word) {
  return word == kProxyCommand || std::ranges::find(kCommandNames, word) != std::end(kCommandNames);
}

Stop start_command(char** argv) {
  const bool is_proxy = argv[1] == kProxyCommand;
  const std::string program = is_proxy ? kProxyProgram : kProgram;
  std::error_code error;
  const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) {
    return fail("cannot find " + program + ", because /proc/self/exe cannot be read" + " (" +
                error.message() + "); mount /proc");
  }
  const std::filesystem::path beside = own.parent_path() / program;
  const std::filesystem::path installed =
      (own.parent_path() / WRING_LIBEXEC_FROM_BIN / program).lexically_normal();
  for (const auto& path : {beside, installed}) {
    ::execv(path.c_str(), is_proxy ? argv + 1 : argv);
    if (errno != ENOENT) {
      return fail(system_failure("cannot start " + path.string(), errno).value().message);
    }
  }
  return fail("the command \"" + std::string(argv[1]) + "\" needs " + installed.string() +
              ", which is not there; install the package " + program);
}

}  // namespace wring
