// The loop outside: signals, what the keeper says, and the tunnel.
#include "exec/supervisor.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "base/clock.h"
#include "base/event_loop.h"
#include "exec/covers.h"
#include "exec/inner_tunnel.h"
#include "run/plan.h"

namespace wring::exec {
namespace {

using std::chrono::seconds;

constexpr seconds kNamePatience{5};

void say(const std::string& line) {
  std::cerr << "wring exec: " << line << std::endl;
}

class Supervisor {
 public:
  Supervisor(Inside inside, const Signals& signals, std::optional<Room> room)
      : inside_(std::move(inside)), signals_(signals), room_(std::move(room)) {}

  Result<void> start(const config::TunnelConfig& config, const std::string& interface);
  Result<int> run();

 private:
  Result<void> watch();
  Result<void> start_command();
  void turn(TimePoint deadline);
  void take_signals();
  void take_messages();
  void on_engine_end();

  Inside inside_;
  const Signals& signals_;
  std::optional<Room> room_;
  std::optional<EventLoop> loop_;
  std::string interface_;
  std::unique_ptr<InnerTunnel> tunnel_;
  SystemClock clock_;
  bool started_ = false;  // the command was
  std::optional<Result<int>> ended_;
};

Result<void> Supervisor::start(const config::TunnelConfig& config, const std::string& interface) {
  interface_ = interface;
  auto loop = EventLoop::create();
  if (!loop) return tl::unexpected(loop.error());
  loop_.emplace(std::move(*loop));
  auto tunnel = InnerTunnel::start({config, interface, inside_.take_interface(),
                                    inside_.take_routing(), say, [this] { on_engine_end(); }},
                                   *loop_);
  if (!tunnel) return tl::unexpected(tunnel.error());
  tunnel_ = std::move(*tunnel);
  return watch();
}

Result<int> Supervisor::run() {
  if (auto up = tunnel_->bring_up(); !up) return tl::unexpected(up.error());
  const TimePoint limit = clock_.now() + kNamePatience;
  while (!tunnel_->names_are_found() && clock_.now() < limit && !ended_ &&
         !tunnel_->engine_has_ended())
    turn(limit);
  if (!ended_ && !tunnel_->engine_has_ended()) {
    if (auto started = start_command(); !started) return tl::unexpected(started.error());
  }
  while (!ended_ && (started_ || !tunnel_->engine_has_ended()))
    turn(kNever);
  if (!ended_) return failure("the engine of " + interface_ + " ended by itself");
  return *ended_;
}

Result<void> Supervisor::watch() {
  const std::pair<int, void (Supervisor::*)()> all[] = {{signals_.fd(), &Supervisor::take_signals},
                                                        {inside_.fd(), &Supervisor::take_messages}};
  for (const auto& [fd, react] : all) {
    auto added =
        loop_->add(fd, EPOLLIN, [this, method = react](std::uint32_t) { (this->*method)(); });
    if (!added) return added;
  }
  if (!room_) return {};
  return loop_->add(room_->fd(), EPOLLIN,
                    [this](std::uint32_t) { room_->let_in(inside_.namespaces()); });
}

Result<void> Supervisor::start_command() {
  started_ = true;
  const auto& steps = tunnel_->plan().dns;
  const auto* const dns = steps.empty() ? nullptr : std::get_if<run::SetDns>(&steps[0]);
  return inside_.start(resolv_conf(dns != nullptr ? *dns : run::SetDns{}));
}

void Supervisor::turn(TimePoint deadline) {
  loop_->run_once(std::min(deadline, tunnel_->next()));
  tunnel_->look_after(clock_.now());
}

void Supervisor::take_signals() {
  constexpr int kEnding[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  while (const auto signal = signals_.next()) {
    if (!started_) {
      const bool ends = std::ranges::find(kEnding, signal->number) != std::end(kEnding);
      if (ends && !ended_) ended_ = kEndedBySignal + signal->number;
    } else if (signal->sender != inside_.keeper()) {
      // The keeper knows whether the command has it already.
      const auto passed = inside_.signal(signal->number);
      // A keeper that is gone has said why.
      if (!passed && passed.error().code != ENOTCONN) say(passed.error().message);
    }
  }
}

void Supervisor::take_messages() {
  for (;;) {
    const auto message = inside_.next();
    if (!message) {
      loop_->remove(inside_.fd());
      if (!ended_) ended_ = tl::unexpected(message.error());
    }
    if (!message || !*message) return;
    if ((*message)->kind == Message::Kind::kEnded) ended_ = (*message)->number;
  }
}

void Supervisor::on_engine_end() {
  if (!started_) return;
  say("the engine of " + interface_ + " ended; the command has no way out, and gets SIGTERM");
  if (auto passed = inside_.signal(SIGTERM); !passed) say(passed.error().message);
}

}  // namespace

Result<int> supervise(const config::TunnelConfig& config, const std::string& interface,
                      Inside inside, const Signals& signals, std::optional<Room> room) {
  Supervisor supervisor(std::move(inside), signals, std::move(room));
  if (auto started = supervisor.start(config, interface); !started) {
    return tl::unexpected(started.error());
  }
  return supervisor.run();
}

}  // namespace wring::exec
