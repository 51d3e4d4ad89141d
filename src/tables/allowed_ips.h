// Cryptokey routing (P20): which peer a packet goes to, and which peer it may come from. The
// longest prefix decides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/rcu.h"
#include "ip/ip_address.h"
#include "ip/ip_packet.h"
#include "tables/owned_prefixes.h"

namespace wring {

struct Peer;

// Two tables, one for each IP version. A prefix belongs to one peer: the last that claimed it.
// Threads: the control thread writes. Workers look up at any time without locks, as RCU readers
// (base/rcu.h). A worker may use the peer that it got until its next quiescent point.
class AllowedIps {
 public:
  // `reclaimer` outlives this object. It takes what readers may still hold.
  explicit AllowedIps(RcuReclaimer& reclaimer) : v4_(reclaimer), v6_(reclaimer) {}
  AllowedIps(const AllowedIps&) = delete;
  AllowedIps& operator=(const AllowedIps&) = delete;

  // The owner of the longest prefix that holds the address, or null. Any thread.
  [[nodiscard]] Peer* lookup(const IpAddress& address) const;
  // As lookup(), for an address that lies in a packet (network order).
  [[nodiscard]] Peer* lookup_v4(std::span<const std::uint8_t, 4> address) const;
  [[nodiscard]] Peer* lookup_v6(std::span<const std::uint8_t, 16> address) const;

  // As lookup(), for an address of `packet`, of which `ip` is the view.
  [[nodiscard]] Peer* lookup_source(ByteSpan packet, IpView ip) const {
    return ip.version == 4 ? lookup_v4(packet.subspan<offsetof(Ipv4Header, source), 4>())
                           : lookup_v6(packet.subspan<offsetof(Ipv6Header, source), 16>());
  }
  [[nodiscard]] Peer* lookup_destination(ByteSpan packet, IpView ip) const {
    return ip.version == 4 ? lookup_v4(packet.subspan<offsetof(Ipv4Header, destination), 4>())
                           : lookup_v6(packet.subspan<offsetof(Ipv6Header, destination), 16>());
  }

  // The rest is for the control thread.

  class Change;

  // Gives the prefix to `peer` (not null) and puts it last in that peer's list. Returns the peer
  // that had it, or null if it is new.
  Peer* insert(const IpPrefix& prefix, Peer* peer);
  // Takes the prefix away if it belongs to `peer`. Otherwise returns false and changes nothing.
  bool remove(const IpPrefix& prefix, const Peer* peer);
  // Takes all prefixes of `peer` away. The cost grows with their number, not with the table.
  void clear(const Peer* peer);
  // As clear(), for a peer that is about to be freed: nothing finds it afterwards, even within a
  // Change.
  void remove_all(const Peer* peer);
  // Calls f(const IpPrefix&) for every prefix of `peer`: those of version 4 first, each version in
  // the order in which the peer got them. `f` changes nothing here.
  template <typename F>
  void for_each(const Peer* peer, F f) const;
  // How many prefixes have an owner, of both versions.
  [[nodiscard]] std::size_t size() const { return v4_.size() + v6_.size(); }

 private:
  // No reader may be left when they go.
  OwnedPrefixes<V4Key> v4_;
  OwnedPrefixes<V6Key> v6_;
};

// While one of these lives, all changes of the table count as one: remove() and clear() leave a
// prefix with its owner until the end, unless a peer claims it before. So a prefix that is taken
// away and given again, to the same peer or to another, has an owner at every moment. At most one
// root table for each version is made, at the end. Look-ups are exact all the time.
//
// One at a time. Readers may find a removed prefix until the end, so its peer must not be freed
// before: see remove_all().
class AllowedIps::Change {
 public:
  explicit Change(AllowedIps& table) : table_(table) {
    table_.v4_.begin_change();
    table_.v6_.begin_change();
  }
  ~Change() {
    table_.v4_.end_change();
    table_.v6_.end_change();
  }
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

 private:
  AllowedIps& table_;
};

template <typename F>
void AllowedIps::for_each(const Peer* peer, F f) const {
  v4_.for_each(peer, [&f](const V4Key& key, std::uint8_t length) {
    f(IpPrefix(IpAddress::v4(key.bytes()), length));
  });
  v6_.for_each(peer, [&f](const V6Key& key, std::uint8_t length) {
    f(IpPrefix(IpAddress::v6(key.bytes()), length));
  });
}

}  // namespace wring
