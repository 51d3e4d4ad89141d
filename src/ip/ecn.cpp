// Merges codepoints, and writes the result into the header.
#include "ip/ecn.h"

#include "ip/checksum.h"
#include "ip/ip_header.h"

namespace wring {
namespace {

// The inner codepoint by RFC 6040 figure 4, without the one case that is dropped.
std::uint8_t merged(std::uint8_t inner, std::uint8_t outer) {
  if (inner == kEcnNotEct || inner == kEcnCe) return inner;
  if (outer == kEcnCe) return kEcnCe;
  return outer == kEcnEct1 ? kEcnEct1 : inner;
}

void set_v4(MutByteSpan packet, std::uint8_t ecn) {
  auto header = load<Ipv4Header>(packet);
  const auto old_word = load<Be<std::uint16_t>>(packet);
  header.tos = static_cast<std::uint8_t>((header.tos & ~kEcnMask) | ecn);
  store(packet, header);
  header.checksum = updated_checksum(header.checksum, old_word, load<Be<std::uint16_t>>(packet));
  store(packet, header);
}

void set_v6(MutByteSpan packet, std::uint8_t ecn) {
  // The traffic class lies across the first two bytes, its low bits in the second one's upper half.
  packet[1] = static_cast<std::uint8_t>((packet[1] & ~(kEcnMask << 4)) | ecn << 4);
}

}  // namespace

bool ecn_merge(MutByteSpan packet, IpView ip, std::uint8_t outer_ecn) {
  if (ip.ecn == kEcnNotEct && outer_ecn == kEcnCe) return false;
  const std::uint8_t ecn = merged(ip.ecn, outer_ecn);
  if (ecn == ip.ecn) return true;
  if (ip.version == 4) {
    set_v4(packet, ecn);
  } else {
    set_v6(packet, ecn);
  }
  return true;
}

}  // namespace wring
