// Stands for the engine and for the relay.
#include "stack_rig.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <tuple>
#include <utility>

#include "ip/checksum.h"
#include "ip/ip_header.h"
#include "ip/transport_header.h"

namespace wring::fuzz {
namespace {

constexpr Bytes<4> kOwn{10, 9, 0, 2};
constexpr Bytes<4> kFar{10, 9, 0, 1};
constexpr std::uint16_t kPort = 80;
constexpr std::size_t kMostConnections = 4;
constexpr std::uint32_t kTheirFirst = 0xfffff000;  // it wraps around soon

IpAddress six_of(std::uint8_t last) {
  Bytes<16> bytes{0xfd};
  bytes[15] = last;
  return IpAddress::v6(bytes);
}

UniqueFd ask(stack::Links& links, stack::Request::Kind kind, const stack::Place& place, int type,
             stack::Request::Manner manner = {}) {
  auto [ours, theirs] = stack::make_pair(type);
  links.take({kind, manner, place}, std::move(theirs));
  return std::move(ours);
}

}  // namespace

StackRig::StackRig() : loop_(EventLoop::create().value()) {
  auto [engine, stack] = stack::make_pair(SOCK_SEQPACKET);
  engine_ = std::move(engine);
  interface_.emplace(std::vector<IpAddress>{IpAddress::v4(kOwn), six_of(2)}, 1420U,
                     std::move(stack));
  unreachables_.emplace();
  links_.emplace(loop_, clock_);
  using Kind = stack::Request::Kind;
  listener_ = ask(*links_, Kind::kListen, {{}, 7}, SOCK_SEQPACKET);
  datagrams_ = ask(*links_, Kind::kDatagrams, {{}, 7}, SOCK_SEQPACKET);
  echo_ = ask(*links_, Kind::kEcho, {{}, 0}, SOCK_SEQPACKET);
  connections_.reserve(kMostConnections);
}

void StackRig::input(ByteSpan packet) {
  std::vector<std::uint8_t> right(packet.begin(), packet.end());
  if (ip_version(right) == 4 && right.size() >= sizeof(Ipv4Header)) {
    const std::size_t header = std::min<std::size_t>((right[0] & 0xfU) * 4U, right.size());
    right[10] = right[11] = 0;
    store(MutByteSpan(right), Be<std::uint16_t>(internet_checksum(ByteSpan(right).first(header))),
          10);
  }
  VnetHeader vnet;
  vnet.flags = kVnetNeedsCsum;
  std::vector<std::uint8_t> message(sizeof vnet);
  store(MutByteSpan(message), vnet);
  message.insert(message.end(), right.begin(), right.end());
  static_cast<void>(send(engine_.get(), message.data(), message.size(), MSG_DONTWAIT));
  turn(0);
}

void StackRig::connect() {
  if (connections_.size() == kMostConnections) return;
  Connection made;
  using Manner = stack::Request::Manner;
  const bool handed_over = connections_.size() % 2 == 1;
  made.relay = ask(*links_, stack::Request::Kind::kConnect, {IpAddress::v4(kFar), kPort},
                   SOCK_STREAM, handed_over ? Manner::kHandedOver : Manner::kTold);
  if (handed_over) std::tie(made.line, made.client) = stack::make_pair(SOCK_STREAM);
  made.their_first = kTheirFirst;
  connections_.push_back(std::move(made));
  turn(0);
}

Connection* StackRig::connection(std::size_t index) {
  return connections_.empty() ? nullptr : &connections_[index % connections_.size()];
}

void StackRig::segment(const Connection& connection, std::int32_t offset, std::int32_t acknowledged,
                       std::uint16_t flags, std::uint16_t window, std::size_t payload,
                       ByteSpan options) {
  const std::size_t padded = options.size() & ~std::size_t{3};
  std::vector<std::uint8_t> packet(sizeof(Ipv4Header) + sizeof(TcpHeader));
  packet.insert(packet.end(), options.begin(), options.begin() + static_cast<long>(padded));
  for (std::size_t i = 0; i < payload; ++i)
    packet.push_back(stream_byte(static_cast<std::size_t>(offset) + i));
  Ipv4Header ip{};
  ip.version_and_length = 0x45;
  ip.total_length = static_cast<std::uint16_t>(packet.size());
  ip.ttl = 64;
  ip.protocol = IPPROTO_TCP;
  ip.source = kFar;
  ip.destination = kOwn;
  TcpHeader tcp{};
  tcp.source_port = kPort;
  tcp.destination_port = connection.port;
  const bool syn = (flags & kTcpSyn) != 0;
  // A stream begins where its SYN says, and this one begins at the first byte.
  tcp.sequence = connection.their_first + (syn ? 0U : static_cast<std::uint32_t>(offset) + 1U);
  tcp.acknowledgement = connection.our_next + static_cast<std::uint32_t>(acknowledged);
  tcp.offset_and_flags =
      static_cast<std::uint16_t>(((sizeof tcp + padded) / 4) << 12U | (flags & 0x1ffU));
  tcp.window = window;
  store(MutByteSpan(packet), ip);
  store(MutByteSpan(packet), tcp, sizeof ip);
  input(packet);
}

void StackRig::read(Connection& connection) {
  std::array<std::uint8_t, 4096> bytes;
  if (!connection.relay) return;
  if (!connection.answered) {
    const ssize_t got =
        recv(connection.relay.get(), bytes.data(), stack::kDatagramHeadSize, MSG_DONTWAIT);
    const auto head = stack::decode_datagram_head(
        ByteSpan(bytes).first(static_cast<std::size_t>(std::max<ssize_t>(got, 0))));
    connection.answered = head && !head->connects;
    if (connection.answered && connection.client) hand_over(connection);
    return;
  }
  const ssize_t got = recv(connection.relay.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  for (ssize_t i = 0; i < got; ++i) {
    if (bytes[static_cast<std::size_t>(i)] != stream_byte(connection.read++)) std::abort();
  }
}

// A pair stands for the client's connection.
void StackRig::hand_over(Connection& connection) {
  std::swap(connection.relay, connection.line);
  const Bytes<4> message{static_cast<std::uint8_t>(stack::Handing::kStack), 0x5a, 0x5a, 0x5a};
  static_cast<void>(
      stack::send_with(connection.line.get(), message, std::exchange(connection.client, {}).get()));
  turn(0);
}

void StackRig::write(const Connection& connection, std::size_t size) {
  const std::vector<std::uint8_t> bytes(size, 0x5a);
  static_cast<void>(send(connection.relay.get(), bytes.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL));
}

void StackRig::turn(unsigned ticks) {
  for (unsigned i = 0; i <= ticks; ++i) {
    loop_.run_once(TimePoint{});
    while (interface_->take_packets())
      continue;
    if (ticks != 0) clock_.time += std::chrono::milliseconds(25);
    links_->refresh();
    links_->alarms().ring(links_->now());
    if (ticks != 0) interface_->look_after(links_->now());
    interface_->flush();
    links_->alarms().set();
    take_output();
    interface_->on_writable();
    links_->bury();
  }
}

// Learns ports and sequence numbers, which are chosen at random.
void StackRig::take_output() {
  std::array<std::uint8_t, 65600> message;
  for (;;) {
    const ssize_t got = recv(engine_.get(), message.data(), message.size(), MSG_DONTWAIT);
    if (got <= static_cast<ssize_t>(sizeof(VnetHeader))) return;
    const ByteSpan packet =
        ByteSpan(message).first(static_cast<std::size_t>(got)).subspan(sizeof(VnetHeader));
    constexpr std::size_t kHeaders = sizeof(Ipv4Header) + sizeof(TcpHeader);
    if (ip_version(packet) != 4 || packet.size() < kHeaders || packet[9] != IPPROTO_TCP) continue;
    const auto tcp = load<TcpHeader>(packet, sizeof(Ipv4Header));
    const auto flags = static_cast<std::uint16_t>(tcp.offset_and_flags);
    if (tcp.destination_port != kPort) continue;
    for (Connection& each : connections_) {
      if (each.port == 0 && (flags & kTcpSyn) != 0) each.port = tcp.source_port;
      if (each.port != tcp.source_port) continue;
      const std::size_t headers = sizeof(Ipv4Header) + (flags >> 12U) * 4U;
      each.our_next = tcp.sequence + static_cast<std::uint32_t>(packet.size() - headers) +
                      ((flags & (kTcpSyn | kTcpFin)) != 0 ? 1U : 0U);
      break;
    }
  }
}

}  // namespace wring::fuzz
