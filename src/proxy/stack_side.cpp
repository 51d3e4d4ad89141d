// Asks the stack, over its socket.
#include "proxy/stack_side.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "proxy/datagram_io.h"
#include "stack/end_mark.h"

namespace wring::proxy {
namespace {

using stack::DatagramHead;
using stack::Request;

// The stack answers at once, unless it has ended.
constexpr int kAnswerLimitMs = 5000;

// Empty: there is nothing, or no more.
ByteSpan received_at(int socket, MutByteSpan into) {
  const ssize_t got = recv(socket, into.data(), into.size(), MSG_DONTWAIT);
  return into.first(got < 0 ? 0 : static_cast<std::size_t>(got));
}

std::optional<DatagramHead> answer_at(int socket) {
  pollfd ready{socket, POLLIN, 0};
  int polled = -1;
  do {
    polled = poll(&ready, 1, kAnswerLimitMs);
  } while (polled < 0 && errno == EINTR);
  Bytes<stack::kDatagramHeadSize> bytes{};
  return stack::decode_datagram_head(received_at(socket, bytes));
}

}  // namespace

// Empty with errno.
UniqueFd StackSide::ask(const Request& request, int type) {
  auto [ours, theirs] = stack::make_pair(type);
  if (!ours || !stack::send_with(requests_.get(), encode(request), theirs.get())) return {};
  return std::move(ours);
}

UniqueFd StackSide::socket(IpVersion version, int type) {
  if (type != SOCK_STREAM) {
    Request request{Request::Kind::kDatagrams, {}, {}};
    request.place.address.version = version;
    return ask(request, SOCK_SEQPACKET);
  }
  auto [ours, theirs] = stack::make_pair(SOCK_STREAM);
  if (ours) others_[ours.get()] = std::move(theirs);
  return std::move(ours);
}

bool StackSide::connect(int socket, const Endpoint& to, Manner manner) {
  const auto other = others_.extract(socket);
  if (other.empty() && has_heads(socket)) return connect_datagrams(socket, to);
  if (other.empty()) {
    errno = EISCONN;
    return false;
  }
  Request request{Request::Kind::kConnect, {}, place_of(to)};
  if (manner.untold) request.manner = Request::Manner::kQuiet;
  if (manner.for_client) request.manner = Request::Manner::kHandedOver;
  marks_.erase(socket);
  if (request.manner == Request::Manner::kTold) marks_.emplace(socket, UniqueFd());
  if (stack::send_with(requests_.get(), encode(request), other.mapped().get())) errno = EINPROGRESS;
  return false;
}

// With more bytes the relay passes them on. If nothing can be sent, as no descriptor while too many
// are on their way, the connection is gone or ends here, and the events say so.
bool StackSide::hand_over(int socket, int client, std::string_view first) {
  std::vector<std::uint8_t> message{static_cast<std::uint8_t>(stack::Handing::kStack)};
  message.insert(message.end(), first.begin(), first.end());
  const bool fits = first.size() <= stack::kMostHandedBytes;
  if (fits && stack::send_with(socket, message, client)) return true;
  message = {static_cast<std::uint8_t>(stack::Handing::kRelay)};
  auto marks = stack::make_end_marks();
  if (marks.first && stack::send_with(socket, message, marks.second.get())) {
    marks_[socket] = std::move(marks.first);
    return false;
  }
  shutdown(socket, SHUT_RDWR);
  return true;
}

std::optional<stack::Report> StackSide::passed(int socket) {
  Bytes<stack::kReportSize> bytes{};
  return stack::decode_report(received_at(socket, bytes));
}

// An answer comes first.
std::optional<int> StackSide::outcome(int socket, std::uint32_t events) {
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return std::nullopt;
  Bytes<stack::kDatagramHeadSize> bytes{};
  stack::Received received = stack::receive_with(socket, bytes);
  if (received.size < 0 && errno == EAGAIN) return std::nullopt;
  const auto answer = stack::decode_datagram_head(
      ByteSpan(bytes).first(received.size < 0 ? 0 : static_cast<std::size_t>(received.size)));
  if (!answer || !answer->place) return ECONNRESET;
  if (answer->connects) return answer->place->port;
  const auto expected = marks_.find(socket);
  if (expected != marks_.end()) {
    if (!received.descriptor) return EMFILE;  // none is left
    expected->second = std::move(received.descriptor);
  }
  names_[socket] = endpoint_at(answer->place->address, answer->place->port);
  return 0;
}

Endpoint StackSide::own_address(int socket) {
  const auto known = names_.extract(socket);
  return known.empty() ? Endpoint() : known.mapped();
}

Endpoint StackSide::other_address(int socket) {
  return own_address(socket);
}

UniqueFd StackSide::end_mark(int socket) {
  auto known = marks_.extract(socket);
  return known.empty() ? UniqueFd() : std::move(known.mapped());
}

IpAddress StackSide::source_towards(const IpAddress& target) {
  const auto own = std::ranges::find(addresses_, target.version, &IpAddress::version);
  return own == addresses_.end() ? target : *own;
}

Result<UniqueFd> StackSide::open_port(int type, std::uint16_t port) {
  const bool listens = type == SOCK_STREAM;
  Request request{listens ? Request::Kind::kListen : Request::Kind::kDatagrams, {}, {}};
  request.place.port = port;
  UniqueFd made = ask(request, SOCK_SEQPACKET);
  const std::string what = "cannot listen on port " + std::to_string(port) + " in the tunnel";
  if (!made) return system_failure(what, errno);
  const auto answer = answer_at(made.get());
  if (!answer || !answer->place) return failure(what + ": the stack does not answer", EPROTO);
  if (answer->connects) return system_failure(what, answer->place->port);
  ports_[made.get()] = answer->place->port;
  return made;
}

UniqueFd StackSide::accept(int port, Endpoint& from) {
  Bytes<stack::kDatagramHeadSize> bytes{};
  stack::Received received = stack::receive_with(port, bytes);
  if (received.size < 0) return {};
  const auto head =
      stack::decode_datagram_head(ByteSpan(bytes).first(static_cast<std::size_t>(received.size)));
  if (head && head->place) from = endpoint_at(head->place->address, head->place->port);
  if (!received.second) {
    // A connection came without its descriptors, because none is left.
    errno = received.size > 0 ? EMFILE : EAGAIN;
    return {};
  }
  names_[received.descriptor.get()] = from;
  marks_[received.descriptor.get()] = std::move(received.second);
  return std::move(received.descriptor);
}

Echoes StackSide::echoes(IpVersion version) {
  Request request{Request::Kind::kEcho, {}, {}};
  request.place.address.version = version;
  return {ask(request, SOCK_SEQPACKET), Echoes::Kind::kWithHeads};
}

}  // namespace wring::proxy
