// recv() and send() of few bytes; for many, splice() from a socket into a pipe, and from there into
// another socket.
#include "proxy/flow.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace wring::proxy {
namespace {

// Asked of the kernel for each pipe; a page of it is used only while there is something in it.
constexpr int kPipeSize = 256 << 10;
constexpr std::size_t kPerStep = 256U << 10;
// Bytes after which others have their turn.
constexpr std::size_t kShare = 1U << 20;
// If more are there at once, they go through pipes from then on. Two calls of splice() take longer
// than to copy so few.
constexpr std::size_t kFew = 16U << 10;
// Looked at for the begin of the next chunk.
constexpr std::size_t kPeek = 4096;

}  // namespace

Pipe Pipes::take() {
  if (!idle_.empty()) {
    Pipe pipe = std::move(idle_.back());
    idle_.pop_back();
    return pipe;
  }
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) return {};
  // Where the user has too many pages in pipes already, the size stays what it is.
  fcntl(ends[1], F_SETPIPE_SZ, kPipeSize);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void Pipes::give_back(Pipe pipe) {
  if (pipe.in && idle_.size() < kKept) idle_.push_back(std::move(pipe));
}

Flow::State Flow::run(Pipes& pipes, int source, int sink, bool sink_closes) {
  if (ended_) return State::kEnded;
  if (refused_) return State::kRefused;
  for (std::size_t share = 0; share < kShare;) {
    const std::uint64_t before = passed_;
    Step step = Step::kBlocked;
    if (!first_.empty()) {
      step = send_first(sink);
    } else if (held_ != 0) {
      step = drain(sink);
    } else if (source_ended_ || left_ == 0) {
      step = end(sink, sink_closes);
    } else if (body_ && body_->data_left() == 0) {
      step = take_framing(source);
    } else {
      step = many_ ? fill(pipes, source) : pass_few(source, sink);
    }
    if (held_ == 0 && pipe_.in) pipes.give_back(std::exchange(pipe_, {}));
    if (ended_) return State::kEnded;
    refused_ = step == Step::kRefused;
    if (refused_) return State::kRefused;
    if (step == Step::kBroken) return State::kBroken;
    if (step == Step::kStarved) return State::kStarved;
    if (step == Step::kBlocked) return State::kWaiting;
    share += passed_ - before;
  }
  return State::kMore;
}

std::uint64_t Flow::take_passed() {
  return std::exchange(passed_, 0);
}

Flow::Step Flow::send_first(int sink) {
  if (!writable_) return Step::kBlocked;
  const ssize_t sent = send(sink, first_.data(), first_.size(), MSG_NOSIGNAL);
  if (sent < 0) return sink_failed();
  passed_ += static_cast<std::uint64_t>(sent);
  first_.erase(0, static_cast<std::size_t>(sent));
  if (first_.empty()) first_.shrink_to_fit();
  return Step::kDone;
}

std::size_t Flow::most(std::size_t wanted) const {
  return static_cast<std::size_t>(
      std::min<std::uint64_t>(wanted, body_ ? body_->data_left() : left_));
}

// Of a pair, a reset behind the end is told once before the end is.
Flow::Step Flow::source_failed() {
  if (errno == EINTR) return Step::kDone;
  if (errno == ECONNRESET && has_source_mark() && end_is_marked()) return Step::kDone;
  if (errno != EAGAIN) return Step::kBroken;
  readable_ = false;
  return Step::kBlocked;
}

// One that had ended before it was reset says EPIPE.
Flow::Step Flow::sink_failed() {
  if (errno == EINTR) return Step::kDone;
  if (errno == EAGAIN) {
    writable_ = false;
    return Step::kBlocked;
  }
  sink_was_reset_ = errno != EPIPE;
  return Step::kRefused;
}

void Flow::count_read(std::size_t size) {
  if (size == 0) source_ended_ = true;
  if (left_ != kNoLimit) left_ -= size;
  if (body_) body_->skip(size);
}

// Nothing is read for a sink that takes no more. What it does not take after all is kept.
Flow::Step Flow::pass_few(int source, int sink) {
  if (!readable_ || !writable_) return Step::kBlocked;
  std::array<char, kFew> bytes;
  const std::size_t room = most(bytes.size());
  const ssize_t got = recv(source, bytes.data(), room, 0);
  if (got < 0) return source_failed();
  const auto size = static_cast<std::size_t>(got);
  count_read(size);
  if (size == 0) return Step::kDone;
  many_ = size == kFew;
  // All that was there was read. What comes now is told.
  if (size < room) readable_ = more_behind_;
  const ssize_t sent = send(sink, bytes.data(), size, MSG_NOSIGNAL);
  if (sent < 0 && sink_failed() == Step::kRefused) return Step::kRefused;
  const std::size_t gone = sent < 0 ? 0 : static_cast<std::size_t>(sent);
  passed_ += gone;
  first_.assign(bytes.data() + gone, size - gone);
  return Step::kDone;
}

Flow::Step Flow::fill(Pipes& pipes, int source) {
  if (!readable_) return Step::kBlocked;
  if (!pipe_.in) pipe_ = pipes.take();
  if (!pipe_.in) return Step::kStarved;
  const ssize_t got = splice(source, nullptr, pipe_.out.get(), nullptr, most(kPerStep),
                             SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
  // It stops at an urgent byte, and then says that there is no more. recv() knows better.
  if (got == 0 || (got < 0 && errno == EAGAIN && more_behind_)) {
    many_ = false;
    return Step::kDone;
  }
  if (got < 0) return source_failed();
  held_ = static_cast<std::size_t>(got);
  count_read(held_);
  return Step::kDone;
}

// Peeks first, and then takes only the body's bytes. The bytes behind the body stay in the source.
Flow::Step Flow::take_framing(int source) {
  if (!readable_) return Step::kBlocked;
  std::array<char, kPeek> bytes;
  const ssize_t got = recv(source, bytes.data(), bytes.size(), MSG_PEEK);
  if (got < 0) return source_failed();
  if (got == 0) source_ended_ = true;
  const auto body = body_->take({bytes.data(), static_cast<std::size_t>(got)});
  if (!body) return Step::kBroken;
  first_.resize(*body);
  if (body_->has_ended()) left_ = 0;
  const ssize_t taken = recv(source, first_.data(), first_.size(), 0);
  return taken == static_cast<ssize_t>(*body) ? Step::kDone : Step::kBroken;
}

Flow::Step Flow::drain(int sink) {
  if (!writable_) return Step::kBlocked;
  const ssize_t sent =
      splice(pipe_.in.get(), nullptr, sink, nullptr, held_, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
  if (sent < 0) return sink_failed();
  held_ -= static_cast<std::size_t>(sent);
  passed_ += static_cast<std::uint64_t>(sent);
  return Step::kDone;
}

// With a limit, the sink may answer for a long time still, and some take an end for a farewell.
Flow::Step Flow::end(int sink, bool sink_closes) {
  const bool cut_off = has_source_mark() ? !end_is_marked() : source_was_reset_;
  if (source_ended_ && cut_off) return Step::kBroken;
  ended_ = true;
  if (sink_closes || left_ != kNoLimit) return Step::kDone;
  if (sink_mark_ >= 0) stack::mark_end(sink_mark_);
  return shutdown(sink, SHUT_WR) != 0 && errno == ENOTCONN ? Step::kRefused : Step::kDone;
}

}  // namespace wring::proxy
