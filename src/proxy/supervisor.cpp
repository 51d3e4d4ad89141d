// Starts the relay and the engine, and looks after both.
#include "proxy/supervisor.h"

#include <sys/epoll.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/wakeup.h"
#include "exec/channel.h"
#include "exec/inner_tunnel.h"
#include "exec/signals.h"
#include "process/core_dumps.h"
#include "proxy/background.h"
#include "proxy/connection_limit.h"
#include "proxy/counters.h"
#include "proxy/forgetting.h"
#include "proxy/host_names.h"
#include "proxy/info_pages.h"
#include "proxy/info_server.h"
#include "proxy/outside_sockets.h"
#include "proxy/peer_answers.h"
#include "proxy/relay_process.h"
#include "proxy/stack_start.h"

namespace wring::proxy {
namespace {

using exec::Channel;
using exec::Message;
using std::chrono::seconds;

// How often the engine is asked whether peers answer, while somebody waits for one.
constexpr seconds kAskPeriod{1};

class Supervisor {
 public:
  Supervisor(ProxyConfig config, const Settings& settings)
      : config_(std::move(config)), settings_(settings) {}
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;
  ~Supervisor();

  Result<int> run();

 private:
  Result<void> open();
  Result<void> start_stack();
  Result<void> start_relay();
  Result<void> start_tunnel();
  Result<void> serve_info();
  Result<void> watch();
  Result<void> watch_configuration();
  void look_after_configuration(TimePoint now);
  void turn();
  void take_signals();
  void take_messages();
  void say(const std::string& line) const;

  ProxyConfig config_;
  const Settings& settings_;
  SystemClock clock_;
  std::optional<exec::Signals> signals_;
  SocketFiles files_;
  std::vector<UniqueFd> listeners_;
  std::vector<std::unique_ptr<TlsIdentity>> identities_;
  UniqueFd info_listener_;
  Shared* shared_ = nullptr;
  std::optional<HostNames> host_names_;
  std::optional<Channel> channel_;
  pid_t relay_ = 0;
  ConnectionLimit limit_;
  StackProcess stack_;
  std::optional<EventLoop> loop_;
  std::unique_ptr<exec::InnerTunnel> tunnel_;
  std::optional<InfoPages> pages_;
  std::unique_ptr<InfoServer> info_;
  std::optional<PeerAnswers> answers_;
  std::optional<Wakeup> somebody_waits_;
  std::optional<Reloader> reloader_;
  TimePoint next_ask_ = kNever;
  std::optional<Result<int>> ended_;
};

Supervisor::~Supervisor() {
  tunnel_.reset();
  channel_.reset();
  if (relay_ > 0) {
    kill(relay_, SIGKILL);
    while (waitpid(relay_, nullptr, 0) < 0 && errno == EINTR)
      continue;
  }
}

void Supervisor::say(const std::string& line) const {
  if (!settings_.silent) std::cerr << "wring proxy: " << line << std::endl;
}

Result<int> Supervisor::run() {
  if (auto opened = open(); !opened) return tl::unexpected(opened.error());
  if (auto started = start_stack(); !started) return tl::unexpected(started.error());
  if (auto started = start_relay(); !started) return tl::unexpected(started.error());
  if (auto started = start_tunnel(); !started) return tl::unexpected(started.error());
  if (auto served = serve_info(); !served) return tl::unexpected(served.error());
  if (auto watched = watch(); !watched) return tl::unexpected(watched.error());
  if (auto watched = watch_configuration(); !watched) return tl::unexpected(watched.error());
  for (const Listener& each : config_.listeners) {
    if (!each.bind.text.empty()) say(std::string(section_of(each.kind)) + " on " + each.bind.text);
  }
  say(describe(limit_));
  if (settings_.on_up) settings_.on_up();
  while (!ended_)
    turn();
  return *ended_;
}

// All that may be refused outside, before there is a second process.
Result<void> Supervisor::open() {
  auto signals = exec::Signals::block();
  if (!signals) return tl::unexpected(signals.error());
  signals_.emplace(std::move(*signals));
  if (config_.listeners.size() > kMaxListeners) {
    return failure("more than " + std::to_string(kMaxListeners) + " listeners");
  }
  for (Listener& listener : config_.listeners) {
    listener.place = identities_.size();
    identities_.emplace_back();
    if (listener.certificate_file.empty()) continue;
    auto identity = TlsIdentity::load(listener.certificate_file, listener.key_file);
    if (!identity) return failure("[http]: " + identity.error().message);
    identities_.back() = std::make_unique<TlsIdentity>(std::move(*identity));
  }
  auto listeners = open_outside(config_.listeners, settings_.handed_in, files_);
  if (!listeners) return tl::unexpected(listeners.error());
  listeners_ = std::move(*listeners);
  if (settings_.info) {
    auto info = open_stream(*settings_.info, settings_.handed_in, files_);
    if (!info) return tl::unexpected(info.error());
    info_listener_ = std::move(*info);
  }
  auto shared = make_shared_counters();
  if (!shared) return tl::unexpected(shared.error());
  shared_ = *shared;
  if (auto names = HostNames::create(HostNames::kFile, shared_->host_names_version)) {
    host_names_.emplace(std::move(*names));
  }
  auto wakeup = Wakeup::create();
  if (!wakeup) return tl::unexpected(wakeup.error());
  somebody_waits_.emplace(std::move(*wakeup));
  auto loop = EventLoop::create();
  if (!loop) return tl::unexpected(loop.error());
  loop_.emplace(std::move(*loop));
  return {};
}

Result<void> Supervisor::start_stack() {
  const StackChoice choice = choose_stack(settings_.stack);
  // Before there are processes that have it, too.
  limit_ = limit_connections(choice.lwip);
  if (!choice.lwip) return {};
  if (is_gateway(config_)) {
    return failure("[Gateway] takes the kernel's stack, and this would be lwIP: " + choice.why);
  }
  // It parses what peers send, so no secret may be within its reach.
  const auto forget = [this] {
    forget_keys(config_.tunnel);
    forget_passwords(config_.listeners);
    identities_.clear();
    forget_environment();
  };
  auto started = StackProcess::start(config_.tunnel, !settings_.on_up, forget);
  if (!started) return failure("lwIP: " + started.error().message);
  stack_ = std::move(*started);
  say("lwIP's TCP in a process of its own; " + choice.why);
  return {};
}

Result<void> Supervisor::start_relay() {
  auto ends = Channel::pair();
  if (!ends) return tl::unexpected(ends.error());
  relay_ = fork();
  if (relay_ < 0) return system_failure("cannot start a process", errno);
  if (relay_ == 0) {
    { const Channel ours = std::move(ends->first); }
    info_listener_.reset();
    forget_keys(config_.tunnel);
    const bool uses_stdio = std::ranges::any_of(config_.listeners, [](const Listener& each) {
      return each.kind == Listener::Kind::kStdio;
    });
    if (!uses_stdio) let_go_of({STDIN_FILENO, STDOUT_FILENO});
    // What fails in it is said by this process.
    if (settings_.on_up) let_go_of({STDERR_FILENO});
    RelayTask task{config_,
                   std::move(listeners_),
                   std::move(identities_),
                   *shared_,
                   *somebody_waits_,
                   limit_.connections,
                   host_names_ ? host_names_->path() : "",
                   {},
                   stack_.take_requests()};
    run_relay(ends->second, task);
  }
  // Not before: nobody could map its user otherwise.
  forbid_core_dumps();
  { const UniqueFd theirs = stack_.take_requests(); }
  channel_.emplace(std::move(ends->first));
  { const Channel theirs = std::move(ends->second); }
  listeners_.clear();
  identities_.clear();
  // The relay has them if anybody does, and their readers see an end when it closes them.
  let_go_of({STDIN_FILENO, STDOUT_FILENO});
  return {};
}

Result<void> Supervisor::start_tunnel() {
  auto ready = channel_->receive();
  if (!ready) return tl::unexpected(ready.error());
  if (ready->kind == Message::Kind::kFailed) return failure(ready->text, ready->number);
  auto& made = ready->descriptors;
  const std::size_t expected = stack_.is_running() ? 0 : kRelayDescriptors;
  if (ready->kind != Message::Kind::kReady || made.size() != expected) {
    return failure("the relay did not say what it made", EPROTO);
  }
  using InnerKind = exec::InnerInterface::Kind;
  const auto kind = static_cast<InnerKind>(ready->number);
  exec::InnerInterface interface = stack_.take_interface();
  UniqueFd routing;
  if (!stack_.is_running()) {
    interface = {kind, std::move(made[kRelayPackets]), std::move(made[kRelayNetlink])};
    routing = std::move(made[kRelayRouting]);
    say(kind == InnerKind::kTun ? "the kernel's TCP behind a TUN in a network namespace"
                                : "the kernel's TCP behind a veth pair in a network namespace");
  }
  // An engine in the background does not keep the terminal.
  std::optional<KeptStderr> kept;
  if (settings_.on_up) kept.emplace();
  auto tunnel =
      exec::InnerTunnel::start({config_.tunnel, kInnerName, std::move(interface),
                                std::move(routing), [this](const std::string& line) { say(line); },
                                [this] {
                                  // With lwIP, after the relay, which may have said why.
                                  if (!ended_) take_messages();
                                  if (!ended_) ended_ = failure("the engine ended by itself");
                                }},
                               *loop_);
  kept.reset();
  if (!tunnel) return tl::unexpected(tunnel.error());
  tunnel_ = std::move(*tunnel);
  if (auto up = tunnel_->bring_up(); !up) return up;
  Message start;
  start.kind = Message::Kind::kStart;
  return channel_->send(start);
}

Result<void> Supervisor::serve_info() {
  if (!info_listener_) return {};
  pages_.emplace(config_, *shared_,
                 [this]() -> client::Connection& { return tunnel_->connection(); });
  info_ = std::make_unique<InfoServer>(*loop_, std::move(info_listener_),
                                       [this](std::string_view path, std::string_view accept) {
                                         return pages_->answer(path, accept);
                                       });
  return info_->start();
}

Result<void> Supervisor::watch() {
  answers_.emplace(config_.tunnel, *shared_);
  auto added = loop_->add(signals_->fd(), EPOLLIN, [this](std::uint32_t) { take_signals(); });
  if (!added) return added;
  added = loop_->add(somebody_waits_->fd(), EPOLLIN, [this](std::uint32_t) {
    somebody_waits_->clear();
    next_ask_ = std::min(next_ask_, clock_.now());
  });
  if (!added) return added;
  if (const auto followed = host_names_ ? host_names_->follow(*loop_) : Result<void>(); !followed) {
    say("changes of /etc/resolv.conf will not be seen: " + followed.error().message);
  }
  return loop_->add(channel_->fd(), EPOLLIN, [this](std::uint32_t) { take_messages(); });
}

Result<void> Supervisor::watch_configuration() {
  reloader_.emplace(Reloader::Parts{config_, *shared_, *channel_, *tunnel_, files_,
                                    settings_.handed_in, !stack_.is_running(), settings_.read,
                                    [this](const std::string& line) { say(line); }});
  return settings_.watched.empty() ? Result<void>() : reloader_->watch(*loop_, settings_.watched);
}

void Supervisor::look_after_configuration(TimePoint now) {
  const auto changed = reloader_->look_after(now);
  if (!changed) ended_ = failure("the relay ended by itself");
  if (changed && *changed) answers_.emplace(config_.tunnel, *shared_);
}

void Supervisor::turn() {
  TimePoint deadline = std::min({tunnel_->next(), next_ask_, reloader_->next()});
  if (info_) deadline = std::min(deadline, info_->next());
  if (host_names_) deadline = std::min(deadline, host_names_->next());
  loop_->run_once(deadline);
  if (ended_) return;
  const TimePoint now = clock_.now();
  tunnel_->look_after(now);
  look_after_configuration(now);
  if (info_) info_->look_after(now);
  if (host_names_) host_names_->look_after(now);
  if (now < next_ask_) return;
  const bool nobody_waits = shared_->waiting.load(std::memory_order_relaxed) == 0;
  if (const auto state = tunnel_->connection().get()) {
    answers_->take(state->peers, now, clock_.wall_now());
  }
  next_ask_ = nobody_waits && !answers_->any_is_silent() ? kNever : now + kAskPeriod;
}

void Supervisor::take_signals() {
  while (const auto signal = signals_->next()) {
    if (signal->number == SIGINT || signal->number == SIGTERM || signal->number == SIGQUIT) {
      ended_ = EXIT_SUCCESS;
    }
    if (signal->number == SIGHUP) reloader_->ask();
  }
}

void Supervisor::take_messages() {
  const auto message = channel_->receive_now();
  if (!message) {
    loop_->remove(channel_->fd());
    if (!ended_) ended_ = failure("the relay ended by itself");
    return;
  }
  if (!*message) return;
  if ((*message)->kind == Message::Kind::kFailed) ended_ = failure((*message)->text);
  if ((*message)->kind == Message::Kind::kEnded) ended_ = EXIT_SUCCESS;
}

}  // namespace

Result<int> supervise(ProxyConfig config, const Settings& settings) {
  return Supervisor(std::move(config), settings).run();
}

}  // namespace wring::proxy
