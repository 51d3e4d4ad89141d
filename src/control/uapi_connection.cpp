// Receives requests, has the device answer them, and sends the replies in order.
#include "control/uapi_connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cassert>
#include <cerrno>
#include <utility>

#include "base/clock.h"
#include "control/uapi_events.h"

namespace wring {
namespace {

// Reads, writes and requests in one call of serve(): at most half a megabyte of reply.
constexpr int kStepsPerServe = 16;

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

UapiConnection::UapiConnection(UniqueFd fd, Configurable& device, std::function<bool()> may_listen)
    : fd_(std::move(fd)), device_(device), may_listen_(std::move(may_listen)) {}

bool UapiConnection::serve() {
  for (int i = 0; i < kStepsPerServe; ++i) {
    switch (step()) {
      case Step::kDone:
        break;
      case Step::kMustWait:
        return true;
      case Step::kOver:
        return false;
    }
  }
  return true;
}

bool UapiConnection::is_idle() const {
  if (listens_ || reply_ || !output_.empty() || !input_.empty() || reader_.is_amid_request())
    return false;
  // A request may have come just now.
  char byte = 0;
  return recv(fd_.get(), &byte, 1, MSG_PEEK) <= 0;
}

// Sends a reply to its end before it looks at the next request, and answers all requests that were
// received before it reads more. So a client that has closed its sending side still gets its
// answers.
UapiConnection::Step UapiConnection::step() {
  if (listens_) return step_of_listener();
  if (reply_ && output_.empty() && reply_->write_to(output_)) reply_.reset();
  if (!output_.empty()) return send();
  if (input_.empty()) return receive();
  take_requests();
  return Step::kDone;
}

// One that has more to say is hung up on, as is one that has closed its sending side.
UapiConnection::Step UapiConnection::step_of_listener() {
  if (!output_.empty()) return send();
  if (missed_ != 0) {
    append_event(output_, {.name = "missed",
                           .at = SystemClock().wall_now(),
                           .reason = std::nullopt,
                           .count = std::exchange(missed_, 0)});
    return Step::kDone;
  }
  char byte = 0;
  const bool is_quiet = recv(fd_.get(), &byte, 1, 0) < 0 && would_block(errno);
  return is_quiet && input_.empty() ? Step::kMustWait : Step::kOver;
}

void UapiConnection::report(std::string_view event) {
  // The number of missed events is told before those that come later.
  if (missed_ != 0 || event.size() + kMaxUapiEventSize > output_.room()) {
    ++missed_;
  } else {
    output_.append(event);
  }
}

void UapiConnection::begin_to_listen() {
  listens_ = may_listen_();
  append_errno(output_, listens_ ? 0 : -EBUSY);
}

UapiConnection::Step UapiConnection::receive() {
  assert(!reply_ && output_.empty() && input_.room() != 0);
  const ssize_t got = recv(fd_.get(), input_.tail(), input_.room(), 0);
  if (got < 0) return would_block(errno) ? Step::kMustWait : Step::kOver;
  if (got == 0) return Step::kOver;
  input_.produced(static_cast<std::size_t>(got));
  bytes_moved_ += static_cast<std::uint64_t>(got);
  return Step::kDone;
}

UapiConnection::Step UapiConnection::send() {
  assert(!output_.empty());
  const std::string_view text = output_.pending();
  const ssize_t sent = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
  if (sent < 0) return would_block(errno) ? Step::kMustWait : Step::kOver;
  output_.consume(static_cast<std::size_t>(sent));
  bytes_moved_ += static_cast<std::uint64_t>(sent);
  return Step::kDone;
}

void UapiConnection::take_requests() {
  std::string_view rest = input_.pending();
  std::optional<UapiRequest> request = reader_.feed(rest);
  input_.consume(input_.pending().size() - rest.size());
  if (request) answer(std::move(*request));
}

// `wg` negates the errno of a set, and takes a negative one in a get for a broken reply (P37).
void UapiConnection::answer(UapiRequest&& request) {
  assert(!reply_ && output_.empty());  // the answer before this one has left
  if (request.operation == UapiRequest::Operation::kGet) {
    if (request.error != 0) return append_errno(output_, request.error);
    reply_.emplace(device_, request.detail);
    return;
  }
  if (request.operation == UapiRequest::Operation::kEvents && request.error == 0) {
    return begin_to_listen();
  }
  const int error =
      request.error != 0 ? request.error : device_.configure(std::move(request.change));
  append_errno(output_, -error);
}

// With input left and nothing to send it asks for writability, which it has at once. So it is
// served again, but after the others.
std::uint32_t UapiConnection::wanted_events() const {
  if (awaits_events()) return EPOLLIN;
  const bool has_work = listens_ || reply_ || !output_.empty() || !input_.empty();
  return has_work ? EPOLLOUT : EPOLLIN;
}

}  // namespace wring
