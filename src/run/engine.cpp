// Finds the engine's program, starts it, and waits for its control socket.
#include "run/engine.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "client/connection.h"

namespace wring::run {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kStartLimit{10};
constexpr milliseconds kPause{10};

// Beside this program, as a build has it, or in the folder of programs, as an installation does.
Result<std::string> find_engine() {
  std::error_code error;
  const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return system_failure("cannot read /proc/self/exe", error.value(), "mount /proc");
  const std::filesystem::path beside = own.parent_path() / "wring";
  const std::filesystem::path installed =
      (own.parent_path() / WRING_BIN_FROM_LIBEXEC / "wring").lexically_normal();
  for (const auto& path : {beside, installed}) {
    if (access(path.c_str(), X_OK) == 0) return path.string();
  }
  return failure("cannot find the engine, " + installed.string() + "; install the package wring");
}

}  // namespace

Result<Engine> Engine::launch(const std::vector<std::string>& words,
                              const std::vector<HandedIn>& handed_in) {
  const auto program = find_engine();
  if (!program) return tl::unexpected(program.error());
  auto child = Child::start(*program, words, handed_in);
  if (!child) return tl::unexpected(child.error());
  return Engine(std::move(*child));
}

Result<Engine> Engine::start(const std::string& interface,
                             const std::vector<std::string>& options) {
  // An interface may be named like a command, so it is never the first word.
  std::vector<std::string> words{"-f", interface};
  words.insert(words.end(), options.begin(), options.end());
  auto engine = launch(words, {});
  if (!engine) return engine;
  if (auto ready = engine->await_answer(interface); !ready) return tl::unexpected(ready.error());
  return engine;
}

Result<Engine> Engine::start_with(const std::string& interface, std::vector<HandedIn> handed_in) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return system_failure("cannot make a pair of sockets", errno);
  }
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  handed_in.push_back({"WG_UAPI_FD", theirs.get()});
  auto engine = launch({"-f", interface}, handed_in);
  if (!engine) return engine;
  theirs.reset();
  auto connection = client::Connection::adopt(std::move(ours), interface);
  if (!connection) return tl::unexpected(connection.error());
  if (const auto state = connection->get(); !state) {
    const bool ended = state.error().code == EPIPE || state.error().code == ECONNRESET;
    if (ended) return failure("the engine did not start; see above for why");
    return tl::unexpected(state.error());
  }
  engine->connection_.emplace(std::move(*connection));
  return engine;
}

Result<void> Engine::await_answer(const std::string& interface) {
  const SystemClock clock;
  const TimePoint limit = clock.now() + kStartLimit;
  while (clock.now() < limit) {
    const auto connection = client::Connection::open(interface);
    if (connection) return {};
    if (connection.error().code != ENODEV) return tl::unexpected(connection.error());
    pollfd ended{fd(), POLLIN, 0};
    if (poll(&ended, 1, static_cast<int>(kPause.count())) > 0) {
      return failure("the engine did not start; see above for why, or run `wring -f " + interface +
                     "` with LOG_LEVEL=verbose");
    }
  }
  return failure("the engine does not answer after " + std::to_string(kStartLimit.count()) + " s");
}

}  // namespace wring::run
