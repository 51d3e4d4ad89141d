// States of a client: its request, the wait for its target, bytes, and farewell.
#include "proxy/client.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "proxy/addresses.h"

namespace wring::proxy {
namespace {

constexpr std::size_t kReadSize = 4096;
// More than that is not read from one who was refused.
constexpr std::size_t kMaxDiscarded = 256U << 10;
constexpr std::uint32_t kGone = EPOLLHUP | EPOLLERR;

}  // namespace

Client::Client(Services& services, ListenerCounters& counters, Start start,
               std::function<void()> done)
    : services_(services),
      counters_(counters),
      socket_(services.loop, std::move(start.socket)),
      end_mark_(std::move(start.end_mark)),
      from_(start.from),
      protocol_(std::move(start.protocol)),
      reach_(start.reach),
      done_(std::move(done)),
      events_(EPOLLIN) {
  // Only of TCP is it known that a read takes all there is.
  if (!from_.is_set()) events_ |= EPOLLPRI;
}

Client::~Client() {
  services_.loop.cancel(timer_);
}

bool Client::watch() {
  return socket_.watch([this](std::uint32_t events) { on_event(events); });
}

// Mostly its request is there already, and what has been read is not reported.
void Client::serve() {
  set_timer(kRequestLimit);
  read_request();
  if (state_ == State::kOver || watch()) return;
  // One that parts already is ended by its timer.
  if (state_ != State::kParting) refuse(Refusal::kFull);
}

void Client::turn_away(Refusal refusal) {
  state_ = State::kWaiting;
  if (watch()) return refuse(refusal);
  counters_.count(refusal);
  over();
}

void Client::set_timer(Duration limit) {
  services_.loop.cancel(timer_);
  timer_ = services_.loop.at(services_.loop.now() + limit, [this] {
    if (state_ == State::kRequest) return refuse(Refusal::kTooSlow);
    over();
  });
}

void Client::on_event(std::uint32_t events) {
  if (state_ == State::kOver) return;
  events_ |= events;
  if ((events & kGone) != 0 && state_ != State::kRequest) return over();
  if (state_ == State::kRequest) return read_request();
  if (state_ == State::kParting) return discard();
  // Of a client with an association the end of its connection is all that is waited for.
  if (association_ && (events & EPOLLRDHUP) != 0) over();
}

void Client::read_request() {
  std::array<char, kReadSize> bytes;
  while (state_ == State::kRequest) {
    Protocol::Step step = protocol_->take(input_);
    if (step.guessed && !from_.is_set()) return answer_guess(std::move(step));
    unsaid_ = step.reply;
    // One that has asked already is answered all at once.
    if (step.wish != Protocol::Wish::kConnect && !tell({})) return over();
    if (step.wish != Protocol::Wish::kMore) return carry_out(step);
    if (input_.size() > Protocol::kMaxInput) return refuse(Refusal::kProtocol);
    if ((events_ & kReadable) == 0) return;
    const ssize_t got = recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    const bool all = got < static_cast<ssize_t>(bytes.size()) && (events_ & kMoreBehind) == 0;
    if (all) events_ &= ~std::uint32_t{EPOLLIN};
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      if (!input_.empty()) counters_.count(Refusal::kProtocol);
      return over();
    }
    input_.append(bytes.data(), static_cast<std::size_t>(got));
  }
}

void Client::answer_guess(Protocol::Step step) {
  state_ = State::kWaiting;
  services_.loop.cancel(timer_);
  timer_ = services_.loop.at(services_.loop.now() + kGuessPause, [this, step = std::move(step)] {
    if (!tell(step.reply)) return over();
    carry_out(step);
  });
}

void Client::carry_out(const Protocol::Step& step) {
  services_.loop.cancel(timer_);
  state_ = State::kWaiting;
  limit_ = step.limit;
  body_ = step.body;
  switch (step.wish) {
    case Protocol::Wish::kConnect:
      dial_ = std::make_unique<Dial>(
          reach_, step.target,
          Side::Manner{.bytes_follow = !input_.empty(), .for_client = is_for_side()},
          [this](tl::expected<Dial::Connected, Refusal> result) { on_dialled(std::move(result)); });
      return;
    case Protocol::Wish::kAssociate:
      return associate(step.target.port);
    case Protocol::Wish::kBind:
      return wait_for_target(step.target);
    case Protocol::Wish::kClose:
      counters_.count(step.refusal);
      return part();
    case Protocol::Wish::kMore:
      return;
  }
}

void Client::on_dialled(tl::expected<Dial::Connected, Refusal> result) {
  UniqueFd end_mark = result ? reach_.side.end_mark(result->socket.get()) : UniqueFd();
  if (state_ != State::kWaiting) return;
  if (!result) return refuse(result.error());
  std::string answer = protocol_->granted(reach_.side.own_address(result->socket.get()));
  // What the client is told comes before what the side sends it.
  if (is_for_side()) {
    counters_.to_client.fetch_add(unsaid_.size() + answer.size(), std::memory_order_relaxed);
    if (!tell(std::exchange(answer, {}))) return over();
    if (hand_over(result->socket)) return;
    end_mark = reach_.side.end_mark(result->socket.get());
  }
  begin_relay({std::move(result->socket), result->events, std::move(end_mark)}, answer);
}

// A client of TCP, whose bytes all go to the target. One behind TLS is at the end of a pair, and
// has something else to be reset by.
bool Client::is_for_side() const {
  return reach_.side.takes_clients() && from_.is_set() && !break_off_ && !limit_ && !body_;
}

bool Client::hand_over(Watched& target) {
  if (!reach_.side.hand_over(target.get(), socket_.get(), input_)) return false;
  socket_.unwatch();
  input_.clear();
  state_ = State::kPassing;
  handed_over_ = std::make_unique<HandedOver>(
      services_.loop, reach_.side, counters_,
      HandedOver::Ends{std::move(socket_), std::move(target)},
      [this](std::optional<Watched> parting) { on_relayed(std::move(parting)); });
  protocol_.reset();
  handed_over_->start();
  dial_.reset();
  return true;
}

void Client::begin_relay(Relay::End target, const std::string& to_client) {
  state_ = State::kPassing;
  relay_ = std::make_unique<Relay>(
      services_.loop, services_.pipes, counters_,
      Relay::Ends{{std::move(socket_), events_, std::move(end_mark_)},
                  std::move(target),
                  std::exchange(input_, {}),
                  std::exchange(unsaid_, {}) + to_client,
                  limit_,
                  body_,
                  std::move(break_off_)},
      [this](std::optional<Watched> parting) { on_relayed(std::move(parting)); });
  protocol_.reset();
  if (!relay_->start()) {
    over();
  } else if (is_broken_off_) {
    relay_->break_off();
  }
  dial_.reset();
}

void Client::on_relayed(std::optional<Watched> parting) {
  if (!parting) return over();
  socket_ = std::move(*parting);
  if (watch()) return part();
  over();
}

// RFC 1928, 7: the port that its datagrams come from, if it knows.
void Client::associate(std::uint16_t port) {
  const Endpoint local = local_address(socket_.descriptor());
  auto made = Association::create(services_, counters_, local, from_, port);
  if (!made) return refuse(made.error());
  association_ = std::move(*made);
  if (!tell(protocol_->granted(association_->address()))) return over();
  // Its end ends the association, and may have come with the request.
  if ((events_ & (kGone | EPOLLRDHUP)) != 0) return over();
  state_ = State::kWaiting;
}

void Client::wait_for_target(const config::HostPort& target) {
  auto made = InboundPort::open(reach_, target, [this](tl::expected<UniqueFd, Refusal> result) {
    on_bound(std::move(result));
  });
  if (!made) return refuse(made.error());
  inbound_ = std::move(*made);
  if (!tell(protocol_->granted(inbound_->address()))) over();
}

void Client::on_bound(tl::expected<UniqueFd, Refusal> result) {
  if (state_ != State::kWaiting) return;
  if (!result) return refuse(result.error());
  const std::string answer = protocol_->granted(reach_.side.other_address(result->get()));
  UniqueFd end_mark = reach_.side.end_mark(result->get());
  begin_relay({Watched(services_.loop, std::move(*result)), 0, std::move(end_mark)}, answer);
}

void Client::refuse(Refusal refusal) {
  counters_.count(refusal);
  if (resets_) reset_at_close(socket_.descriptor());
  if (resets_) return over();
  if (protocol_ && !tell(protocol_->refused(refusal))) return over();
  part();
}

bool Client::tell(const std::string& text) {
  const std::string all = std::exchange(unsaid_, {}) + text;
  if (all.empty()) return true;
  const ssize_t sent = send(socket_.get(), all.data(), all.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent == static_cast<ssize_t>(all.size());
}

// If unread bytes were left, the kernel would send a reset, which overtakes what was told.
void Client::part() {
  state_ = State::kParting;
  shutdown(socket_.get(), SHUT_WR);
  set_timer(kPartingLimit);
  discard();
}

void Client::discard() {
  std::array<char, kReadSize> bytes;
  for (;;) {
    const ssize_t got = recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got > 0) discarded_ += static_cast<std::size_t>(got);
    if (got <= 0 || discarded_ > kMaxDiscarded) return over();
  }
}

void Client::over() {
  if (std::exchange(state_, State::kOver) == State::kOver) return;
  done_();
}

}  // namespace wring::proxy
