// Numbers in network order, and descriptors by SCM_RIGHTS.
#include "stack/control.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace wring::stack {
namespace {

// kind or flags, 4 or 6 or 0, port, address.
struct WirePlace {
  std::uint8_t version;
  std::uint8_t flags;
  Be<std::uint16_t> port;
  Bytes<16> address;
};
static_assert(sizeof(WirePlace) == kDatagramHeadSize);

struct WireRequest {
  std::uint8_t kind;
  std::uint8_t manner;
  WirePlace place;
};
static_assert(sizeof(WireRequest) == kRequestSize);

struct WireReport {
  Be<std::uint64_t> from_client;
  Be<std::uint64_t> to_client;
  std::uint8_t ended;
};
static_assert(sizeof(WireReport) == kReportSize);

constexpr std::uint8_t kConnects = 1;
constexpr std::uint8_t kClientEnded = 1;
constexpr std::uint8_t kTargetEnded = 2;

WirePlace to_wire(const Place& place) {
  return {static_cast<std::uint8_t>(place.address.version), 0, place.port, place.address.bytes};
}

std::optional<Place> from_wire(const WirePlace& wire) {
  if (wire.version != 4 && wire.version != 6) return std::nullopt;
  Place place;
  place.port = wire.port;
  place.address.version = static_cast<IpVersion>(wire.version);
  std::copy_n(wire.address.begin(), place.address.size(), place.address.bytes.begin());
  return place;
}

}  // namespace

Bytes<kRequestSize> encode(const Request& request) {
  const WireRequest wire{static_cast<std::uint8_t>(request.kind),
                         static_cast<std::uint8_t>(request.manner), to_wire(request.place)};
  return std::bit_cast<Bytes<kRequestSize>>(wire);
}

std::optional<Request> decode_request(ByteSpan bytes) {
  if (bytes.size() != kRequestSize) return std::nullopt;
  const auto wire = load<WireRequest>(bytes);
  const auto place = from_wire(wire.place);
  if (!place || wire.manner > static_cast<std::uint8_t>(Request::Manner::kHandedOver) ||
      wire.kind > static_cast<std::uint8_t>(Request::Kind::kEcho)) {
    return std::nullopt;
  }
  return Request{static_cast<Request::Kind>(wire.kind), static_cast<Request::Manner>(wire.manner),
                 *place};
}

Bytes<kDatagramHeadSize> encode(const DatagramHead& head) {
  WirePlace wire = head.place ? to_wire(*head.place) : WirePlace{};
  wire.flags = head.connects ? kConnects : 0;
  return std::bit_cast<Bytes<kDatagramHeadSize>>(wire);
}

std::optional<DatagramHead> decode_datagram_head(ByteSpan bytes) {
  if (bytes.size() < kDatagramHeadSize) return std::nullopt;
  const auto wire = load<WirePlace>(bytes);
  DatagramHead head{from_wire(wire), wire.flags == kConnects};
  if ((!head.place && wire.version != 0) || wire.flags > kConnects) return std::nullopt;
  return head;
}

Bytes<kReportSize> encode(const Report& report) {
  const WireReport wire{report.from_client, report.to_client,
                        static_cast<std::uint8_t>((report.client_ended ? kClientEnded : 0) |
                                                  (report.target_ended ? kTargetEnded : 0))};
  return std::bit_cast<Bytes<kReportSize>>(wire);
}

std::optional<Report> decode_report(ByteSpan bytes) {
  if (bytes.size() != kReportSize) return std::nullopt;
  const auto wire = load<WireReport>(bytes);
  if (wire.ended > (kClientEnded | kTargetEnded)) return std::nullopt;
  return Report{wire.from_client, wire.to_client, (wire.ended & kClientEnded) != 0,
                (wire.ended & kTargetEnded) != 0};
}

bool send_with(int socket, ByteSpan message, int descriptor, int second) {
  const std::array<int, 2> descriptors{descriptor, second};
  const std::size_t size = second < 0 ? sizeof(int) : sizeof descriptors;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof descriptors)> control{};
  iovec part{const_cast<std::uint8_t*>(message.data()), message.size()};
  msghdr out{};
  out.msg_iov = &part;
  out.msg_iovlen = 1;
  out.msg_control = control.data();
  out.msg_controllen = CMSG_SPACE(size);
  cmsghdr* const rights = CMSG_FIRSTHDR(&out);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(size);
  std::memcpy(CMSG_DATA(rights), descriptors.data(), size);
  ssize_t sent = -1;
  do {
    sent = sendmsg(socket, &out, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

Received receive_with(int socket, MutByteSpan into) {
  std::array<int, 2> descriptors{-1, -1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof descriptors)> control{};
  iovec part{into.data(), into.size()};
  msghdr in{};
  in.msg_iov = &part;
  in.msg_iovlen = 1;
  in.msg_control = control.data();
  in.msg_controllen = control.size();
  Received received;
  do {
    received.size = recvmsg(socket, &in, MSG_CMSG_CLOEXEC);
  } while (received.size < 0 && errno == EINTR);
  const cmsghdr* const rights = received.size < 0 ? nullptr : CMSG_FIRSTHDR(&in);
  if (rights != nullptr && rights->cmsg_type == SCM_RIGHTS) {
    std::memcpy(descriptors.data(), CMSG_DATA(rights),
                std::min(rights->cmsg_len - CMSG_LEN(0), sizeof descriptors));
    received.descriptor.reset(descriptors[0]);
    received.second.reset(descriptors[1]);
  }
  return received;
}

std::pair<UniqueFd, UniqueFd> make_pair(int type) {
  std::array<int, 2> ends{-1, -1};
  if (socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) return {};
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void make_blocking(int socket) {
  const int status = fcntl(socket, F_GETFL);
  if (status >= 0) fcntl(socket, F_SETFL, status & ~O_NONBLOCK);
}

}  // namespace wring::stack
