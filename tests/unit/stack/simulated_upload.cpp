// Packets by hand.
#include "simulated_upload.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "ip/checksum.h"
#include "ip/ip_header.h"

namespace wring::stack {
namespace {

using namespace std::chrono_literals;

constexpr Bytes<4> kOwnAddress{10, 9, 0, 2};
constexpr Bytes<4> kFarAddress{10, 9, 0, 1};
constexpr std::uint16_t kFarPort = 80;
constexpr unsigned kFarScale = 7;
constexpr std::size_t kHeaders = sizeof(Ipv4Header) + sizeof(TcpHeader);

// Byte `at` of the stream.
std::uint8_t uploaded_byte(std::uint64_t at) {
  return static_cast<std::uint8_t>(at * 31 + (at >> 8U));
}

void append_number(std::vector<std::uint8_t>& to, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8)
    to.push_back(static_cast<std::uint8_t>(number >> shift));
}

}  // namespace

SimulatedUpload::SimulatedUpload(Weather weather, bool sack, unsigned seed)
    : path_(weather, seed), sack_(sack), loop_(EventLoop::create().value()) {
  auto [engine, packets] = make_pair(SOCK_SEQPACKET);
  engine_ = std::move(engine);
  interface_.emplace(std::vector{IpAddress::v4(kOwnAddress)}, 1420U, std::move(packets));
  links_.emplace(loop_, clock_);
  auto [ours, theirs] = make_pair(SOCK_STREAM);
  relay_ = std::move(ours);
  links_->take(
      {Request::Kind::kConnect, Request::Manner::kQuiet, {IpAddress::v4(kFarAddress), kFarPort}},
      std::move(theirs));
}

bool SimulatedUpload::send(std::uint64_t bytes, Duration most) {
  size_ += bytes;
  const TimePoint end = clock_.time + most;
  while (receiver_.next() < size_ && clock_.time < end && !reset)
    pass_time(end);
  return receiver_.next() == size_;
}

void SimulatedUpload::run(Duration time, std::uint32_t window) {
  const TimePoint end = clock_.time + time;
  window_ = window;
  acknowledge({});
  while (clock_.time < end)
    pass_time(end);
}

void SimulatedUpload::say(ByteSpan options) {
  answer(kTcpAck, first_ + static_cast<std::uint32_t>(receiver_.next()), options);
  turn();
}

// To the next that happens.
void SimulatedUpload::pass_time(TimePoint until) {
  turn();
  TimePoint next = std::min({until, interface_->next(), links_->alarms().next()});
  next = std::min(next, path_.next());
  clock_.time = std::max(clock_.time, next);
  while (path_.next() <= clock_.time)
    path_.happen();
  turn();
}

void SimulatedUpload::turn() {
  for (bool more = true; more;) {
    more = feed();
    loop_.run_once(TimePoint{});
    while (interface_->take_packets())
      more = true;
    links_->refresh();
    links_->alarms().ring(links_->now());
    interface_->look_after(links_->now());
    interface_->flush();
    links_->alarms().set();
    more = take_output() || more;
    interface_->on_writable();
    links_->bury();
  }
}

bool SimulatedUpload::feed() {
  std::array<std::uint8_t, 16384> bytes;
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), size_ - fed_));
  for (std::size_t i = 0; i < count; ++i)
    bytes[i] = uploaded_byte(fed_ + i);
  if (count == 0) return false;
  const ssize_t sent = ::send(relay_.get(), bytes.data(), count, MSG_DONTWAIT | MSG_NOSIGNAL);
  fed_ += static_cast<std::uint64_t>(std::max<ssize_t>(sent, 0));
  return sent > 0;
}

bool SimulatedUpload::take_output() {
  std::array<std::uint8_t, 65600> message;
  bool any = false;
  for (;;) {
    const ssize_t got = recv(engine_.get(), message.data(), message.size(), MSG_DONTWAIT);
    if (got <= static_cast<ssize_t>(sizeof(VnetHeader))) return any;
    any = true;
    const auto all = ByteSpan(message).first(static_cast<std::size_t>(got));
    const auto vnet = load<VnetHeader>(all);
    take_packet(all.subspan(sizeof(VnetHeader)), vnet.gso_type == kVnetGsoNone ? 0 : vnet.gso_size);
  }
}

void SimulatedUpload::take_packet(ByteSpan packet, std::size_t segment) {
  ASSERT_GE(packet.size(), kHeaders);
  const auto tcp = load<TcpHeader>(packet, sizeof(Ipv4Header));
  const auto flags = static_cast<std::uint16_t>(tcp.offset_and_flags);
  if ((flags & kTcpRst) != 0) reset = true;
  if ((flags & kTcpSyn) != 0) {
    port_ = tcp.source_port;
    first_ = tcp.sequence + 1;
    std::vector<std::uint8_t> options{2, 4, 1400 >> 8, 1400 & 0xff, 1, 3, 3, kFarScale};
    if (sack_) options.insert(options.end(), {1, 1, 4, 2});
    path_.at(clock_.time + 2 * path_.delay(),
             [this, options] { answer(kTcpSyn | kTcpAck, first_, options); });
    return;
  }
  ByteSpan payload = packet.subspan(sizeof(Ipv4Header) + (flags >> 12U) * 4U);
  const bool fin = (flags & kTcpFin) != 0;
  if (payload.empty() && !fin) return;
  std::uint32_t sequence = tcp.sequence;
  do {
    const ByteSpan one = segment == 0 ? payload : payload.first(std::min(segment, payload.size()));
    payload = payload.subspan(one.size());
    leave(sequence, one, fin && payload.empty());
    sequence += static_cast<std::uint32_t>(one.size());
  } while (!payload.empty());
}

void SimulatedUpload::leave(std::uint32_t sequence, ByteSpan payload, bool fin) {
  const std::uint32_t end = sequence - first_ + static_cast<std::uint32_t>(payload.size());
  if (precedes(next_, end)) {
    next_ = end;
  } else {
    ++again;
  }
  const bool dropped = drops(segments++);
  path_.pass(clock_.time, payload.size(), dropped,
             [this, sequence, bytes = std::vector(payload.begin(), payload.end()), fin] {
               arrive(sequence, bytes, fin);
             });
}

void SimulatedUpload::arrive(std::uint32_t sequence, const std::vector<std::uint8_t>& payload,
                             bool fin) {
  const std::uint64_t next = receiver_.next();
  const auto begin =
      next + static_cast<std::uint64_t>(static_cast<std::int64_t>(
                 static_cast<std::int32_t>(sequence - first_ - static_cast<std::uint32_t>(next))));
  for (std::size_t i = 0; i < payload.size(); ++i)
    ASSERT_EQ(payload[i], uploaded_byte(begin + i)) << begin + i;
  // A probe of a closed window is taken.
  if (payload.size() > 1 && begin + payload.size() > next + window_) return acknowledge({});
  fin_ = fin_ || fin;
  const auto blocks = payload.empty() ? std::vector<SimulatedReceiver::Range>{}
                                      : receiver_.take(begin, begin + payload.size());
  if (!path_.loses()) acknowledge(blocks);
}

void SimulatedUpload::acknowledge(const std::vector<SimulatedReceiver::Range>& blocks) {
  std::vector<std::uint8_t> options;
  if (sack_ && !blocks.empty()) {
    options = {1, 1, 5, static_cast<std::uint8_t>(2 + 8 * blocks.size())};
    for (const auto& [begin, end] : blocks) {
      append_number(options, first_ + static_cast<std::uint32_t>(begin));
      append_number(options, first_ + static_cast<std::uint32_t>(end));
    }
  }
  const std::uint32_t number = first_ + static_cast<std::uint32_t>(receiver_.next()) +
                               (fin_ && receiver_.next() == size_ ? 1U : 0U);
  path_.at(clock_.time + path_.delay(),
           [this, number, options] { answer(kTcpAck, number, options); });
}

void SimulatedUpload::answer(std::uint16_t flags, std::uint32_t acknowledged, ByteSpan options) {
  std::vector<std::uint8_t> message(sizeof(VnetHeader) + kHeaders);
  message.insert(message.end(), options.begin(), options.end());
  VnetHeader vnet;
  vnet.flags = kVnetNeedsCsum;
  Ipv4Header ip{};
  ip.version_and_length = 0x45;
  ip.total_length = static_cast<std::uint16_t>(message.size() - sizeof vnet);
  ip.ttl = 64;
  ip.protocol = IPPROTO_TCP;
  ip.source = kFarAddress;
  ip.destination = kOwnAddress;
  ip.checksum = internet_checksum(as_bytes(ip));
  TcpHeader tcp{};
  tcp.source_port = kFarPort;
  tcp.destination_port = port_;
  tcp.sequence = own_;
  const bool syn = (flags & kTcpSyn) != 0;
  if (syn) ++own_;
  tcp.acknowledgement = acknowledged;
  tcp.offset_and_flags =
      static_cast<std::uint16_t>(((sizeof tcp + options.size()) / 4) << 12U | flags);
  tcp.window = static_cast<std::uint16_t>(syn ? 0xffff : window_ >> kFarScale);
  const MutByteSpan bytes(message);
  store(bytes, vnet);
  store(bytes, ip, sizeof vnet);
  store(bytes, tcp, sizeof vnet + sizeof ip);
  ASSERT_GT(::send(engine_.get(), message.data(), message.size(), MSG_DONTWAIT), 0);
}

}  // namespace wring::stack
