#include "tests/sim/ledger.h"

#include <algorithm>

#include "tests/support/packets.h"

namespace wring::test {
namespace {

std::size_t header_size(const IpAddress& address) {
  return address.is_v4() ? 20 : 40;
}

}  // namespace

std::vector<std::uint8_t> Ledger::make(const IpAddress& from, const IpAddress& to,
                                       std::size_t filler) {
  const std::uint64_t number = entries_.size();
  Packet payload(16 + number * 7919 % (filler + 1), static_cast<std::uint8_t>(number));
  store(MutByteSpan(payload), number);
  Packet packet = make_packet(
      {.source = to_string(from), .destination = to_string(to), .payload = std::move(payload)});
  entries_.emplace(number, Entry{packet, to});
  return packet;
}

std::string Ledger::deliver(ByteSpan packet, const IpAddress& at) {
  if (packet.size() < header_size(at) + 16) return "a packet that nobody sent came out";
  const auto number = load<std::uint64_t>(packet, header_size(at));
  const auto found = entries_.find(number);
  if (found == entries_.end()) return "a packet that nobody sent came out";
  Entry& entry = found->second;
  const std::string what = "packet " + std::to_string(number);
  if (!std::equal(packet.begin(), packet.end(), entry.packet.begin(), entry.packet.end())) {
    return what + " was altered";
  }
  if (entry.to != at) return what + " came out at the wrong host";
  if (entry.delivered) return what + " came out twice";
  entry.delivered = true;
  ++delivered_;
  return {};
}

}  // namespace wring::test
