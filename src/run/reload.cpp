// Reads the file again, and changes what differs.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <iterator>
#include <utility>

#include "client/connection.h"
#include "client/tunnel_change.h"
#include "run/engine_settings.h"
#include "run/supervision.h"

namespace wring::run {
namespace {

using std::chrono::seconds;

// How long a changed file waits for the names that are new in it.
constexpr seconds kNewNamePatience{1};
// The same, if the default route depends on one of them.
constexpr seconds kDefaultNamePatience{5};

bool same_hooks(const config::TunnelConfig& a, const config::TunnelConfig& b) {
  return std::ranges::equal(a.interface.hooks, b.interface.hooks,
                            [](const config::Hook& one, const config::Hook& other) {
                              return one.point == other.point && one.command == other.command;
                            });
}

void append(std::vector<Step>& steps, const std::vector<Step>& more) {
  steps.insert(steps.end(), more.begin(), more.end());
}

}  // namespace

void Supervisor::reload() {
  reload_wanted_ = false;
  const bool loud = std::exchange(reload_is_loud_, false);
  const auto clients = requests_->take();
  manager_.is_reloading();
  const Outcome outcome = read_again();
  if (said_ != outcome.said) std::cerr << outcome.said << std::flush;
  said_ = outcome.said;
  if (loud || outcome.is_news) say(outcome.line);
  manager_.is_ready(outcome.line);
  ReloadSocket::answer(clients, {outcome.done, outcome.said + outcome.line + "\n"});
}

Supervisor::Outcome Supervisor::read_again() {
  const std::string& interface = task_.interface;
  Outcome outcome;
  if (!task_.read) {
    outcome.line = "the configuration came from stdin, so it cannot be read again; restart " +
                   interface + " to change it";
    return outcome;
  }
  if (files_) files_->remember();
  Reading reading = task_.read();
  if (files_ && files_->changed_meanwhile(clock_.now())) {
    outcome.said = said_;
    outcome.line = interface + " stays as it is for now, because its configuration changed while " +
                   "it was read; it is read again at once";
    return outcome;
  }
  const auto watched = files_ ? files_->watch(reading.files) : Result<void>();
  if (!watched) reading.said += watched.error().message + "\n";
  outcome.said = std::move(reading.said);
  file_has_mistakes_ = !reading.config;
  if (!reading.config) {
    outcome.line = interface + " stays as it is, because its configuration has mistakes";
    return outcome;
  }
  const auto changed = become(std::move(*reading.config));
  if (!changed) {
    outcome.line = changed.error().message;
    return outcome;
  }
  outcome.done = true;
  outcome.is_news = !changed->empty();
  outcome.line = outcome.is_news
                     ? interface + " was changed to what its configuration says: " + *changed
                     : interface + " is as its configuration says";
  return outcome;
}

Result<std::string> Supervisor::become(config::TunnelConfig config) {
  auto plan = plan_for(config, own_table_);
  if (!plan) return tl::unexpected(plan.error());
  names_.follow(config);
  await_new_names();
  if (is_to_end()) return failure(task_.interface + " is being taken down");
  // While the rules of a default route are there, datagrams without the mark would go into the
  // tunnel: it comes before them and goes after them.
  const std::uint32_t fwmark = plan->fwmark;
  const bool mark_ends = fwmark == 0 && plan_.fwmark != 0;
  const auto change = change_engine(config, mark_ends ? plan_.fwmark : fwmark);
  if (!change) {
    names_.follow(task_.config);
    return tl::unexpected(change.error());
  }
  std::string changed = what_changes(*change);
  const auto add = [&](const std::string& part) {
    changed += (changed.empty() ? "" : ", ") + part;
  };
  // If a part fails from here on, the next reload makes up for it.
  if (!same_hooks(task_.config, config)) add("hooks (those of the start are not run again)");
  task_.config = std::move(config);
  const auto parts = change_network(std::move(*plan));
  if (!parts) return tl::unexpected(parts.error());
  for (const std::string& part : *parts)
    add(part);
  if (!mark_ends) return changed;
  const auto last = change_engine(task_.config, fwmark);
  if (!last) return tl::unexpected(last.error());
  if (!client::is_empty(*last)) add(what_changes(*last));
  return changed;
}

// Asks for names while the tunnel is as it was: its default route may lead to the name server.
void Supervisor::await_new_names() {
  names_.look_up(clock_.now());
  const TimePoint start = clock_.now();
  while (!names_.all_are_answered() && !is_to_end()) {
    const TimePoint limit =
        start + (names_.default_is_found() ? kNewNamePatience : kDefaultNamePatience);
    if (clock_.now() >= limit) return;
    turn(limit);
  }
}

Result<ConfigChange> Supervisor::change_engine(const config::TunnelConfig& config,
                                               std::uint32_t fwmark) {
  const auto state = client::ask(task_.interface);
  if (!state) return tl::unexpected(state.error());
  auto change = changed_settings(
      task_.config, config, fwmark,
      [this](const config::HostPort& name) { return names_.found(name); }, *state);
  if (!change || client::is_empty(*change)) return change;
  auto connection = client::Connection::open(task_.interface);
  if (!connection) return tl::unexpected(connection.error());
  if (auto set = connection->set(*change); !set) return tl::unexpected(set.error());
  return change;
}

Result<std::vector<std::string>> Supervisor::change_network(Plan plan) {
  // A default route that is there stays while the name of a new peer is looked up: without it
  // packets would leave outside of the tunnel.
  const bool has_default = !defaults_wait_ && !plan_.defaults.empty();
  plan_ = std::move(plan);
  defaults_wait_ = !has_default && !plan_.defaults.empty() && !names_.default_is_found();
  std::vector<Step> steps = plan_.steps;
  if (!defaults_wait_) {
    append(steps, plan_.defaults);
    append(steps, plan_.dns);
  }
  auto endpoints = endpoints_of_peers();
  if (!endpoints) return tl::unexpected(endpoints.error());
  if (auto used = network_->use_endpoints(std::move(*endpoints), plan_.fwmark); !used) {
    return tl::unexpected(used.error());
  }
  return network_->become(steps);
}

}  // namespace wring::run
