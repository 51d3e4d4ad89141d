// The program behind `wring metrics`: asks engines, and serves what they say to Prometheus.
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "base/event_loop.h"
#include "base/wakeup.h"
#include "client/interfaces.h"
#include "crypto/aead.h"
#include "http/confinement.h"
#include "http/listener.h"
#include "http/server.h"
#include "metrics/collector.h"
#include "metrics/options.h"
#include "process/core_dumps.h"
#include "process/privileges.h"

namespace {

using namespace wring;

// Where there are fewer processors than work, packets go first.
constexpr int kNiceness = 10;

UniqueFd ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP})
    sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return UniqueFd(signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
}

constexpr const char* kConfigFolder = "/etc/wireguard";

// Where names of peers and control sockets are. The folder of a file, because an editor puts a new
// file in the place of the old one.
Result<std::vector<std::string>> readable_paths(const metrics::Options& options) {
  std::vector<std::string> paths{kConfigFolder, kUapiFolder};
  for (const std::string& file : options.names) {
    std::error_code error;
    const std::filesystem::path folder = std::filesystem::absolute(file, error).parent_path();
    if (error || !std::filesystem::is_directory(folder, error)) {
      return failure("--names " + file + ": there is no folder " + folder.string() +
                     "; make it first, because it stays out of reach otherwise");
    }
    paths.push_back(folder);
  }
  return paths;
}

Result<void> check(const metrics::Options& options) {
  for (const std::string& interface : options.interfaces) {
    const auto address = client::control_address(interface, kUapiFolder);
    if (!address) return tl::unexpected(address.error());
  }
  return {};
}

Result<void> serve(const metrics::Options& options) {
  if (auto checked = check(options); !checked) return checked;
  auto readable = readable_paths(options);
  if (!readable) return tl::unexpected(readable.error());
  auto listener = http::listen_at(options.listen);
  if (!listener) return tl::unexpected(listener.error());
  // Before there are threads, which inherit it. A refusal is no harm.
  setpriority(PRIO_PROCESS, 0, kNiceness);
  const UniqueFd signals = ending_signals();
  auto loop = EventLoop::create();
  if (!loop) return tl::unexpected(loop.error());
  auto collected = Wakeup::create();
  if (!collected) return tl::unexpected(collected.error());
  forbid_core_dumps();
  // What is not there when the thread is confined stays out of its reach: this may start first.
  for (const char* const folder : {kUapiFolder, kConfigFolder})
    mkdir(folder, 0700);
  Privileges privileges;
  privileges.drop_all = true;
  if (auto dropped = drop_privileges(privileges); !dropped) return dropped;

  const bool filter = !options.no_seccomp;
  metrics::Collector collector(options, *collected,
                               [&] { return http::confine_asker(*readable, filter); });
  if (auto started = collector.started(); !started) return started;
  auto server = http::Server::start(*loop, std::move(*listener), collector, *collected,
                                    options.series_style());
  if (!server) return tl::unexpected(server.error());
  bool ended = false;
  if (auto watched = loop->add(signals.get(), EPOLLIN, [&](std::uint32_t) { ended = true; });
      !watched) {
    return watched;
  }
  if (auto confined = http::confine_server(filter); !confined) return confined;
  std::cerr << "wring metrics: serving http://" << options.listen << "/metrics\n";
  while (!ended) {
    loop->run_once((*server)->deadline());
    (*server)->work();
  }
  return {};
}

int fail(const std::string& message) {
  std::cerr << "wring metrics: " << message << "\n";
  return EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Serves what engines count to Prometheus.", "wring metrics");
  app.set_version_flag("--version", std::string("wring ") + WRING_VERSION);
  wring::metrics::Options options;
  wring::metrics::describe(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {
    return app.exit(wanted);
  } catch (const CLI::ParseError& error) {
    return fail(std::string(error.what()) + "; see wring metrics --help");
  }
  std::ranges::sort(options.interfaces);
  // std::ranges::unique does not compile by clang 14 with g++ 12's library.
  options.interfaces.erase(std::unique(options.interfaces.begin(), options.interfaces.end()),
                           options.interfaces.end());
  if (!wring::prepare_crypto()) return fail("libsodium cannot be initialised");
  const auto served = serve(options);
  return served ? EXIT_SUCCESS : fail(served.error().message);
}
