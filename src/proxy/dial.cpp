// Attempts side by side; the first that succeeds ends the others.
#include "proxy/dial.h"

#include <algorithm>
#include <cerrno>

#include "proxy/addresses.h"

namespace wring::proxy {
namespace {

Refusal refusal_of(int error) {
  switch (error) {
    case ECONNREFUSED:
      return Refusal::kRefused;
    case ETIMEDOUT:
      return Refusal::kTimeOut;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return Refusal::kFull;
    default:
      return Refusal::kUnreachable;
  }
}

}  // namespace

Dial::Dial(Reach& reach, const config::HostPort& target, Side::Manner manner, Done done)
    : reach_(reach),
      port_(target.port),
      manner_(manner),
      done_(std::move(done)),
      limit_(reach.loop.now() + kLimit) {
  look_ = reach_.loop.at(reach_.loop.now() + kLook, [this] { look(); });
  // Not from within a constructor: an answer may be there at once.
  reach_.loop.later([this, alive = alive_, host = target.host] {
    if (*alive) look_up(host);
  });
}

Dial::~Dial() {
  *alive_ = false;
  drop_attempts();
}

void Dial::drop_attempts() {
  if (std::exchange(waits_, false)) reach_.waiting.end();
  done_ = nullptr;
  reach_.loop.cancel(next_);
  reach_.loop.cancel(look_);
  attempts_.clear();
}

void Dial::look_up(const std::string& host) {
  if (const auto address = literal_address(host)) return use({*address});
  reach_.resolver->ask(host, reach_.families,
                       [this, alive = alive_](std::vector<IpAddress> addresses) {
                         if (*alive && done_) use(std::move(addresses));
                       });
}

void Dial::use(std::vector<IpAddress> addresses) {
  if (addresses.empty()) return finish(tl::unexpected(Refusal::kName));
  std::ranges::reverse(addresses);
  ahead_ = std::move(addresses);
  begin_next();
}

void Dial::begin_next() {
  reach_.loop.cancel(next_);
  next_ = Loop::kNoTimer;
  if (ahead_.empty()) return;
  const IpAddress address = ahead_.back();
  ahead_.pop_back();
  if (reach_.is_silent && reach_.is_silent(address)) return try_next_or_fail();
  UniqueFd socket = reach_.side.socket(address.version, SOCK_STREAM);
  const Endpoint to = endpoint_at(address, port_);
  if (!socket || (!reach_.side.connect(socket.get(), to, manner_) && errno != EINPROGRESS)) {
    worst_ = refusal_of(errno);
    return try_next_or_fail();
  }
  if (attempts_.size() == kMostAttempts) attempts_.erase(attempts_.begin());
  const int fd = socket.get();
  const auto react = [this, fd](std::uint32_t events) {
    if (const auto error = reach_.side.outcome(fd, events)) on_ready(fd, *error, events);
  };
  attempts_.emplace_back(Watched(reach_.loop, std::move(socket)), address);
  if (!attempts_.back().first.watch(react)) {
    attempts_.pop_back();
    worst_ = Refusal::kFull;
    return try_next_or_fail();
  }
  if (!ahead_.empty()) {
    next_ = reach_.loop.at(reach_.loop.now() + kHeadStart, [this] { begin_next(); });
  }
}

void Dial::on_ready(int socket, int error, std::uint32_t events) {
  const auto at = std::ranges::find_if(
      attempts_, [&](const auto& attempt) { return attempt.first.get() == socket; });
  if (at == attempts_.end()) return;
  Connected ready{std::move(at->first), events};
  attempts_.erase(at);
  if (error == 0) return finish(std::move(ready));
  worst_ = refusal_of(error);
  try_next_or_fail();
}

void Dial::try_next_or_fail() {
  if (!ahead_.empty()) return begin_next();
  if (attempts_.empty()) finish(tl::unexpected(worst_));
}

void Dial::look() {
  if (!std::exchange(waits_, true)) reach_.waiting.begin();
  if (reach_.loop.now() >= limit_) return finish(tl::unexpected(Refusal::kTimeOut));
  const bool all_silent = !attempts_.empty() && ahead_.empty() && reach_.is_silent &&
                          std::ranges::all_of(attempts_, [&](const auto& attempt) {
                            return reach_.is_silent(attempt.second);
                          });
  if (all_silent) return finish(tl::unexpected(Refusal::kUnreachable));
  look_ = reach_.loop.at(reach_.loop.now() + kLook, [this] { look(); });
}

void Dial::finish(tl::expected<Connected, Refusal> result) {
  const Done done = std::exchange(done_, nullptr);
  if (!done) return;
  drop_attempts();
  done(std::move(result));
}

}  // namespace wring::proxy
