// Runs both flows whenever an end is ready.
#include "proxy/relay.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <utility>

#include "proxy/addresses.h"

namespace wring::proxy {
namespace {

constexpr std::uint32_t kWritable = EPOLLOUT | EPOLLHUP | EPOLLERR;

// After which a pipe is asked for again.
constexpr std::chrono::milliseconds kPause{100};

// A stack has closed its end of a pair, and what came from it is not whole.
bool was_cut_off(std::uint32_t events, const Flow& from) {
  return (events & EPOLLHUP) != 0 && from.has_source_mark() && !from.end_is_marked();
}

// An end takes nothing any more. A stack closes its end of a pair then, before it was told of the
// end of what goes `to` it.
bool has_failed(std::uint32_t events, const Flow& from, const Flow& to) {
  const bool closed = (events & EPOLLHUP) != 0 && from.has_source_mark() && !to.has_told_end();
  return closed || (events & EPOLLERR) != 0;
}

// One that takes no more may have said all that it had to say before: to the end, if it was not
// reset.
void take_the_rest(const Flow& to, Flow& from) {
  if (to.sink_was_reset()) from.source_was_reset();
  from.source_is_ready(true);
}

}  // namespace

Relay::Relay(Loop& loop, Pipes& pipes, ListenerCounters& counters, Ends ends, Ended ended)
    : loop_(loop),
      pipes_(pipes),
      counters_(counters),
      client_(std::move(ends.client)),
      target_(std::move(ends.target)),
      ended_(std::move(ended)),
      break_client_off_(std::move(ends.break_off)),
      // In the turn in which it has ended, it is not destroyed yet.
      idle_(loop, [this] {
        if (ended_) end(true);
      }) {
  out_.begin_with(std::move(ends.from_client));
  back_.begin_with(std::move(ends.to_client));
  if (ends.limit) out_.limit(*ends.limit);
  if (ends.body) out_.limit(*ends.body);
  out_.use_marks(client_.end_mark.get(), target_.end_mark.get());
  back_.use_marks(target_.end_mark.get(), client_.end_mark.get());
}

Relay::~Relay() {
  *alive_ = false;
  loop_.cancel(again_);
}

bool Relay::start() {
  if (!client_.socket.watch([this](std::uint32_t events) { on_client(events); }) ||
      !target_.socket.watch([this](std::uint32_t events) { on_target(events); })) {
    return false;
  }
  idle_.start();
  note_client(client_.events);
  on_target(target_.events);
  return true;
}

void Relay::note_client(std::uint32_t events) {
  if ((events & kReadable) != 0) out_.source_is_ready((events & kMoreBehind) != 0);
  if ((events & kWritable) != 0) back_.sink_is_ready();
  client_failed_ = client_failed_ || has_failed(events, out_, back_);
  cut_off_ = cut_off_ || was_cut_off(events, out_);
}

void Relay::on_client(std::uint32_t events) {
  note_client(events);
  run();
}

void Relay::on_target(std::uint32_t events) {
  if ((events & kReadable) != 0) back_.source_is_ready((events & kMoreBehind) != 0);
  if ((events & kWritable) != 0) out_.sink_is_ready();
  target_failed_ = target_failed_ || has_failed(events, back_, out_);
  cut_off_ = cut_off_ || was_cut_off(events, back_);
  run();
}

void Relay::run() {
  if (!ended_) return;
  const int client = client_.socket.get();
  const int target = target_.socket.get();
  Flow::State out = out_.run(pipes_, client, target, back_.has_read_all());
  if (out == Flow::State::kRefused) take_the_rest(out_, back_);
  const Flow::State back = back_.run(pipes_, target, client, out_.has_read_all());
  if (back == Flow::State::kRefused) {
    take_the_rest(back_, out_);
    out = out_.run(pipes_, client, target);
  }
  const std::uint64_t sent = out_.take_passed();
  const std::uint64_t received = back_.take_passed();
  counters_.from_client.fetch_add(sent, std::memory_order_relaxed);
  counters_.to_client.fetch_add(received, std::memory_order_relaxed);
  if (sent + received != 0) idle_.note_byte();
  if (out_.has_ended() || back_.has_ended()) idle_.note_end();
  const auto either = [&](Flow::State state) { return out == state || back == state; };
  if (either(Flow::State::kBroken)) return end(true);
  if (out_.has_ended() && back_.has_ended()) return end(false);
  const bool out_is_over = out_.has_ended() || out == Flow::State::kRefused;
  const bool back_is_over = back_.has_ended() || back == Flow::State::kRefused;
  if (out_is_over && back_is_over) return end(true);
  if (cut_off_) return end(true);
  // It was reset after its end, which no read tells any more.
  if (target_failed_ && back_.has_ended()) return end(true);
  if (client_failed_ && out_.has_ended()) return end(true);
  if (either(Flow::State::kStarved) && again_ == Loop::kNoTimer) {
    again_ = loop_.at(loop_.now() + kPause, [this] {
      again_ = Loop::kNoTimer;
      run();
    });
  }
  if (either(Flow::State::kMore)) run_again();
}

void Relay::run_again() {
  if (put_off_) return;
  put_off_ = true;
  loop_.later([this, alive = alive_] {
    if (!*alive) return;
    put_off_ = false;
    run();
  });
}

void Relay::end(bool broken) {
  if (broken) {
    counters_.broken.fetch_add(1, std::memory_order_relaxed);
    // What was sent on an end whose direction is over is whole, and a reset would discard its tail.
    if (!back_.has_ended()) reset_at_close(client_.socket.descriptor());
    if (!out_.has_ended()) reset_at_close(target_.socket.descriptor());
    if (!back_.has_ended() && break_client_off_) break_client_off_();
  }
  if (out_.has_ended() && target_.end_mark) stack::mark_end(target_.end_mark.get());
  if (back_.has_ended() && client_.end_mark) stack::mark_end(client_.end_mark.get());
  // The target does not wait for a client that parts.
  const Watched closed = std::move(target_.socket);
  std::optional<Watched> parting;
  if (back_.has_ended() && !out_.has_read_all()) parting = std::move(client_.socket);
  std::exchange(ended_, nullptr)(std::move(parting));
}

}  // namespace wring::proxy
