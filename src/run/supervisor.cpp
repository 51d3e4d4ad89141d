// The supervisor's loop: signals, the engine's end, answers about names, silent peers, and changed
// files.
#include "run/supervisor.h"

#include <sodium.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

#include "client/connection.h"
#include "config/printer.h"
#include "run/engine_settings.h"
#include "run/forwarding.h"
#include "run/programs.h"
#include "run/save.h"
#include "run/supervision.h"

namespace wring::run {
namespace {

using config::Hook;
using std::chrono::seconds;

// How often the engine is asked whether peers with names answer.
constexpr seconds kWatchPeriod{15};
// How long a default route waits for the name of its peer: without an endpoint it would swallow the
// questions for that name.
constexpr seconds kNamePatience{5};
// How long the engine may take for an empty request that shows that it lives.
constexpr std::chrono::milliseconds kEnginePatience{3000};

}  // namespace

Supervisor::Supervisor(Task task, EventLoop loop, NameLookups lookups, ServiceManager manager)
    : task_(std::move(task)),
      loop_(std::move(loop)),
      lookups_(std::move(lookups)),
      names_([this](std::size_t id,
                    const config::HostPort& name) { lookups_.ask(id, name.host, name.port); },
             say),
      manager_(std::move(manager)),
      said_(task_.said) {
  names_.follow(task_.config);
}

Result<void> Supervisor::run(int signals, const Record& record) {
  auto up = watch_events(signals);
  if (up) up = bring_up(record);
  if (!up) {
    static_cast<void>(take_down(false));
    return up;
  }
  auto served = serve();
  auto saved = take_down(true);
  return served ? saved : served;
}

Result<void> Supervisor::watch_events(int signals) {
  auto watched =
      loop_.add(signals, EPOLLIN, [this, signals](std::uint32_t) { take_signals(signals); });
  if (!watched) return watched;
  watched = loop_.add(lookups_.fd(), EPOLLIN, [this](std::uint32_t) { take_answers(); });
  if (!watched) return watched;
  auto requests = ReloadSocket::open(task_.interface, loop_,
                                     [this] { reload_wanted_ = reload_is_loud_ = true; });
  if (!requests) return tl::unexpected(requests.error());
  requests_.emplace(std::move(*requests));
  if (!task_.watch) return {};
  auto files = FileWatch::create();
  if (!files) return tl::unexpected(files.error());
  files_.emplace(std::move(*files));
  // If it cannot be watched, the first reload says so.
  static_cast<void>(files_->watch({task_.file}));
  // What changes between the first reading and now is found by a second one.
  reload_wanted_ = true;
  return loop_.add(files_->fd(), EPOLLIN, [this](std::uint32_t) { files_->take(clock_.now()); });
}

// A terminal that is gone sends SIGHUP as well, but by the kernel and not by a process.
void Supervisor::take_signals(int signals) {
  signalfd_siginfo info;
  while (read(signals, &info, sizeof info) == sizeof info) {
    if (info.ssi_signo == SIGCHLD) {
      reap_orphans(engine_ ? engine_->pid() : 0);
      continue;
    }
    const bool asks_for_reload = info.ssi_signo == SIGHUP && info.ssi_code != SI_KERNEL;
    (asks_for_reload ? reload_wanted_ : asked_to_end_) = true;
    reload_is_loud_ = reload_wanted_;
  }
}

Result<void> Supervisor::bring_up(const Record& record) {
  auto plan = plan_for(task_.config, own_table_);
  if (!plan) return tl::unexpected(plan.error());
  plan_ = std::move(*plan);
  auto engine = Engine::start(task_.interface, task_.engine_options);
  if (!engine) return tl::unexpected(engine.error());
  engine_.emplace(std::move(*engine));
  auto watched = loop_.add(engine_->fd(), EPOLLIN, [this](std::uint32_t) { engine_ended_ = true; });
  if (!watched) return watched;
  if (auto started = start_metrics(); !started) return started;
  names_.look_up(clock_.now());

  if (auto run = run_hooks(Hook::Point::kPreUp, "PreUp"); !run) return run;
  if (auto set = configure(); !set) return set;
  auto network = Network::open(task_.interface, record, say);
  if (!network) return tl::unexpected(network.error());
  network_.emplace(std::move(*network));
  auto endpoints = endpoints_of_peers();
  if (!endpoints) return tl::unexpected(endpoints.error());
  if (auto used = network_->use_endpoints(std::move(*endpoints), plan_.fwmark); !used) return used;
  if (auto applied = network_->apply(plan_.steps); !applied) return applied;
  if (auto serves = serve_others(); !serves) return serves;

  const TimePoint limit = clock_.now() + kNamePatience;
  while (!names_.default_is_found() && clock_.now() < limit && !is_to_end())
    turn(limit);
  set_up_defaults_if_due();
  if (!so_far_) return so_far_;
  if (defaults_wait_ && !plan_.defaults.empty()) {
    say("the default route and DNS wait until the name of its peer is found");
  }
  return run_hooks(Hook::Point::kPostUp, "PostUp");
}

// If it ends, the tunnel goes on.
Result<void> Supervisor::start_metrics() {
  if (task_.metrics.empty()) return {};
  auto child =
      Child::start(task_.metrics.front(), {task_.metrics.begin() + 1, task_.metrics.end()}, {});
  if (!child) return tl::unexpected(child.error());
  metrics_.emplace(std::move(*child));
  return loop_.add(metrics_->fd(), EPOLLIN, [this](std::uint32_t) {
    say("metrics are not served any more; see above for why");
    loop_.remove(metrics_->fd());
    metrics_.reset();
  });
}

Result<void> Supervisor::serve_others() {
  if (task_.gateway.is_empty()) return {};
  const auto has = [this](IpVersion version) {
    return std::ranges::any_of(task_.config.interface.addresses, [&](const auto& one) {
      return one.value.address.version == version;
    });
  };
  const std::string line = missing_forwarding(has(IpVersion::kV4), has(IpVersion::kV6));
  if (!line.empty()) say(line);
  return network_->become_gateway(task_.gateway);
}

Result<void> Supervisor::configure() {
  const auto change =
      all_settings(task_.config, plan_.fwmark,
                   [this](const config::HostPort& name) { return names_.found(name); });
  if (!change) return tl::unexpected(change.error());
  auto connection = client::Connection::open(task_.interface);
  if (!connection) return tl::unexpected(connection.error());
  return connection->set(*change);
}

Result<std::vector<Endpoint>> Supervisor::endpoints_of_peers() {
  return client::ask(task_.interface).map(client::known_endpoints);
}

Result<void> Supervisor::serve() {
  const std::string up = task_.interface + " is up";
  say(up);
  manager_.is_ready(up);
  next_watch_ = clock_.now() + kWatchPeriod;
  if (manager_.patience()) next_word_ = clock_.now() + *manager_.patience() / 2;
  while (!is_to_end() && so_far_) {
    if (reload_wanted_) {
      reload();
    } else {
      turn(kNever);
    }
  }
  if (!so_far_) return so_far_;
  if (engine_ended_ && !asked_to_end_) {
    return failure("the engine of " + task_.interface + " ended by itself; all was taken back");
  }
  return {};
}

void Supervisor::turn(TimePoint deadline) {
  const TimePoint watch = names_.empty() ? kNever : next_watch_;
  const TimePoint files = files_ ? files_->due() : kNever;
  loop_.run_once(std::min({deadline, names_.next(), watch, files, next_word_}));
  const TimePoint now = clock_.now();
  if (!names_.empty() && now >= next_watch_) {
    next_watch_ = now + kWatchPeriod;
    watch_peers();
  }
  if (now >= next_word_) vouch_for_engine();
  if (files_ && now >= files_->due() && files_->has_changed()) reload_wanted_ = true;
  names_.look_up(now);
}

void Supervisor::watch_peers() {
  const auto state = client::ask(task_.interface);
  if (state) names_.watch(state->peers, clock_.now());
}

// An empty change of the engine changes nothing, however many peers it has.
void Supervisor::vouch_for_engine() {
  const Duration patience = *manager_.patience();
  auto connection = client::Connection::open(task_.interface, kUapiFolder, kEnginePatience);
  const auto answered = connection ? connection->set({}) : tl::unexpected(connection.error());
  // One answer that is late is no reason to be killed: it is asked again well before that.
  next_word_ =
      clock_.now() + (answered ? patience / 3 : std::min<Duration>(patience / 10, seconds(1)));
  if (answered) return manager_.is_well();
  say("the service manager is not told that all is well, because " + answered.error().message);
}

void Supervisor::take_answers() {
  ConfigChange change;
  for (const NameAnswer& answer : lookups_.take()) {
    if (auto peer = names_.take(answer, clock_.now())) change.peers.push_back(std::move(*peer));
  }
  if (change.peers.empty()) return;
  auto connection = client::Connection::open(task_.interface);
  const auto set = connection ? connection->set(change) : tl::unexpected(connection.error());
  if (!set) return say(set.error().message);
  if (!network_) return;
  if (auto endpoints = endpoints_of_peers()) {
    const auto used = network_->use_endpoints(std::move(*endpoints), plan_.fwmark);
    if (!used) say(used.error().message);
  }
  set_up_defaults_if_due();
}

void Supervisor::set_up_defaults_if_due() {
  if (!defaults_wait_ || (!plan_.defaults.empty() && !names_.default_is_found())) return;
  defaults_wait_ = false;
  so_far_ = network_->apply(plan_.defaults);
  if (so_far_) so_far_ = network_->apply(plan_.dns);
}

Result<void> Supervisor::run_hooks(Hook::Point point, const char* name) {
  for (const Hook& hook : task_.config.interface.hooks) {
    if (hook.point != point) continue;
    auto run = run_hook(hook.command, task_.interface);
    if (!run) {
      return failure(std::string(name) + " of line " + std::to_string(hook.at.line) + ": " +
                     run.error().message);
    }
  }
  return {};
}

Result<void> Supervisor::take_down(bool is_up) {
  manager_.is_stopping();
  const auto hooks = [&](Hook::Point point, const char* name) {
    const auto run = is_up ? run_hooks(point, name) : Result<void>();
    if (!run) say(run.error().message);
  };
  hooks(Hook::Point::kPreDown, "PreDown");
  const auto& wish = task_.config.interface.save_config;
  auto saved = is_up && wish && wish->value ? save() : Result<void>();
  if (metrics_) {
    loop_.remove(metrics_->fd());
    metrics_->stop();
  }
  if (network_) network_->undo();
  if (engine_) {
    loop_.remove(engine_->fd());
    engine_->stop();
  }
  hooks(Hook::Point::kPostDown, "PostDown");
  return saved;
}

Result<void> Supervisor::save() {
  if (file_has_mistakes_) {
    return failure(task_.file + " was changed and has mistakes, so SaveConfig left it as it is");
  }
  auto state = client::ask(task_.interface);
  if (!state) return tl::unexpected(state.error());
  const auto link = network_->link_state();
  if (!link) return tl::unexpected(link.error());
  take_state(task_.config, std::move(*state), *link);
  std::string text = print(task_.config);
  auto saved = replace_file(task_.file, text);
  sodium_memzero(text.data(), text.size());
  return saved;
}

Result<void> supervise(Task task) {
  auto manager = ServiceManager::from_environment(say);
  const auto signals = block_signals();
  if (!signals) return tl::unexpected(signals.error());
  const auto record = Record::open(task.interface);
  if (!record) return tl::unexpected(record.error());
  if (auto cleared = clear_leftovers(task.interface, *record); !cleared) {
    if (!record->found()) record->remove();
    return cleared;
  }
  Result<void> ended;
  {
    auto loop = EventLoop::create();
    if (!loop) return tl::unexpected(loop.error());
    auto lookups = NameLookups::create();
    if (!lookups) return tl::unexpected(lookups.error());
    Supervisor supervisor(std::move(task), std::move(*loop), std::move(*lookups),
                          std::move(manager));
    ended = supervisor.run(signals->get(), *record);
  }
  record->remove();
  return ended;
}

}  // namespace wring::run
