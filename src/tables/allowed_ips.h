// Cryptokey routing (P20): which peer a packet goes to, and which peer it may come from, by longest
// prefix.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>

#include "base/rcu.h"
#include "ip/ip_address.h"
#include "tables/prefix_table.h"

namespace wring {

struct Peer;

// Two tables, one for each IP version, in which a prefix belongs to one peer: the last to claim it.
// Threads: the control thread writes; workers look up at any time without locks, as RCU readers
// (base/rcu.h), and may use the peer that they got until their next quiescent point.
class AllowedIps {
 public:
  // `reclaimer` outlives this object and takes what readers may still hold.
  explicit AllowedIps(RcuReclaimer& reclaimer) : v4_(reclaimer), v6_(reclaimer) {}
  AllowedIps(const AllowedIps&) = delete;
  AllowedIps& operator=(const AllowedIps&) = delete;

  // The owner of the longest prefix that holds the address; null where there is none. Any thread.
  [[nodiscard]] Peer* lookup(const IpAddress& address) const;
  // As lookup(), for addresses where they lie in a packet (network order).
  [[nodiscard]] Peer* lookup_v4(std::span<const std::uint8_t, 4> address) const;
  [[nodiscard]] Peer* lookup_v6(std::span<const std::uint8_t, 16> address) const;

  // The rest is for the control thread.

  // Gives the prefix to `peer` (not null) and returns whom it belonged to: null if it is new.
  Peer* insert(const IpPrefix& prefix, Peer* peer);
  // Takes the prefix away if it belongs to `peer`; false, and nothing changes, if it does not.
  bool remove(const IpPrefix& prefix, const Peer* peer);
  // Takes all prefixes of `peer` away. Costs as much as it has prefixes, however large the table.
  void remove_all(const Peer* peer);
  // Calls f(const IpPrefix&) for every prefix of `peer`, in the order in which it got them, those
  // of version 4 first. `f` changes nothing here.
  template <typename F>
  void for_each(const Peer* peer, F f) const;
  // How many prefixes there are, of both versions.
  [[nodiscard]] std::size_t size() const { return v4_.size() + v6_.size(); }

 private:
  struct Owned {
    PrefixList<std::uint32_t> v4;
    PrefixList<V6Key> v6;
  };

  template <typename Key>
  Peer* claim(PrefixTable<Key>& table, PrefixList<Key> Owned::*list, const Key& key,
              std::uint8_t length, Peer* peer);
  template <typename Key>
  bool release(PrefixTable<Key>& table, PrefixList<Key> Owned::*list, const Key& key,
               std::uint8_t length, const Peer* peer);
  template <typename Key>
  void disown(PrefixList<Key> Owned::*list, TrieNode<Key>& node, const Peer* peer);

  // No reader may be left when they go.
  PrefixTable<std::uint32_t> v4_;
  PrefixTable<V6Key> v6_;
  std::unordered_map<const Peer*, Owned> owned_;
};

template <typename F>
void AllowedIps::for_each(const Peer* peer, F f) const {
  const auto found = owned_.find(peer);
  if (found == owned_.end()) return;
  found->second.v4.for_each([&f](std::uint32_t key, std::uint8_t length) {
    f(IpPrefix(IpAddress::v4(v4_bytes(key)), length));
  });
  found->second.v6.for_each([&f](const V6Key& key, std::uint8_t length) {
    f(IpPrefix(IpAddress::v6(v6_bytes(key)), length));
  });
}

}  // namespace wring
