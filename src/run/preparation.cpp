// What a supervisor does before it starts.
#include "run/preparation.h"

#include <net/if.h>
#include <pthread.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <iostream>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "netlink/network_facts.h"
#include "run/network.h"
#include "run/routing_tables.h"

namespace wring::run {
namespace {

// How long the engine of a supervisor that was killed may take to end.
constexpr std::chrono::seconds kGonePatience{5};

// From 51820 up, as wg-quick.
Result<std::uint32_t> find_free_table() {
  constexpr std::uint32_t kFirst = 51820;
  auto socket = RtSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  for (std::uint32_t table = kFirst;; ++table) {
    const auto empty = is_empty_table(*socket, table);
    if (!empty) return tl::unexpected(empty.error());
    if (*empty) return table;
  }
}

}  // namespace

void say(const std::string& line) {
  std::cerr << "wring run: " << line << std::endl;
}

Result<UniqueFd> block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD})
    sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  UniqueFd fd(signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd) return system_failure("cannot make a signalfd", errno);
  return fd;
}

Result<void> clear_leftovers(const std::string& interface, const Record& record) {
  auto socket = RtSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  const TimePoint limit = SystemClock().now() + kGonePatience;
  while (if_nametoindex(interface.c_str()) != 0) {
    const bool ours = record.found().has_value();
    if (!ours || SystemClock().now() > limit) {
      return failure(interface + " already exists; end what made it, or delete it", EEXIST);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  if (!record.found()) return record.write({});
  say("clearing up what a wring that was killed left of " + interface);
  const auto complaints = clear(*socket, interface, *record.found());
  for (const std::string& complaint : complaints)
    say(complaint);
  return record.write({});
}

Result<Plan> plan_for(const config::TunnelConfig& config, std::uint32_t& own_table) {
  std::uint32_t named = 0;
  const auto& table = config.interface.table;
  if (table && table->value.kind == config::RoutingTable::Kind::kName) {
    const auto number = number_of_table(table->value.name);
    if (!number) return tl::unexpected(number.error());
    named = *number;
  }
  if (has_default_route(config) && own_table == 0) {
    const auto found = find_free_table();
    if (!found) return tl::unexpected(found.error());
    own_table = *found;
  }
  return make_plan(config, own_table, named);
}

}  // namespace wring::run
