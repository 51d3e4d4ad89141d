// Sends each call to the table of its IP version.
#include "tables/allowed_ips.h"

namespace wring {

Peer* AllowedIps::lookup(const IpAddress& address) const {
  const ByteSpan bytes = address.bytes;
  return address.is_v4() ? lookup_v4(bytes.first<4>()) : lookup_v6(bytes.first<16>());
}

Peer* AllowedIps::lookup_v4(std::span<const std::uint8_t, 4> address) const {
  return v4_.lookup(V4Key::of(address));
}

Peer* AllowedIps::lookup_v6(std::span<const std::uint8_t, 16> address) const {
  return v6_.lookup(V6Key::of(address));
}

Peer* AllowedIps::insert(const IpPrefix& prefix, Peer* peer) {
  const ByteSpan bytes = prefix.address.bytes;
  if (prefix.address.is_v4()) return v4_.insert(V4Key::of(bytes), prefix.length, peer);
  return v6_.insert(V6Key::of(bytes), prefix.length, peer);
}

bool AllowedIps::remove(const IpPrefix& prefix, const Peer* peer) {
  const ByteSpan bytes = prefix.address.bytes;
  if (prefix.address.is_v4()) return v4_.remove(V4Key::of(bytes), prefix.length, peer);
  return v6_.remove(V6Key::of(bytes), prefix.length, peer);
}

void AllowedIps::clear(const Peer* peer) {
  v4_.clear(peer);
  v6_.clear(peer);
}

void AllowedIps::remove_all(const Peer* peer) {
  v4_.remove_all(peer);
  v6_.remove_all(peer);
}

}  // namespace wring
