// An oracle for AllowedIps: every prefix in a list that is looked through from end to end; and
// addresses and prefixes to try it with.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <utility>
#include <vector>

#include "tables/allowed_ips.h"

namespace wring::test {

// Every prefix in a list, looked through from end to end.
class LinearScan {
 public:
  Peer* insert(const IpPrefix& p, Peer* peer) { return std::exchange(owners_[p], peer); }
  bool remove(const IpPrefix& p, const Peer* peer) {
    const auto found = owners_.find(p);
    if (found == owners_.end() || found->second != peer) return false;
    owners_.erase(found);
    return true;
  }
  void remove_all(const Peer* peer) {
    std::erase_if(owners_, [peer](const auto& entry) { return entry.second == peer; });
  }
  Peer* lookup(const IpAddress& at) const {
    Peer* best = nullptr;
    int length = -1;
    for (const auto& [p, peer] : owners_) {
      if (p.length > length && p.contains(at)) {
        best = peer;
        length = p.length;
      }
    }
    return best;
  }
  std::vector<IpPrefix> prefixes_of(const Peer* peer) const {
    std::vector<IpPrefix> found;
    for (const auto& [p, owner] : owners_) {
      if (owner == peer) found.push_back(p);
    }
    return found;
  }
  const std::map<IpPrefix, Peer*>& all() const { return owners_; }

 private:
  std::map<IpPrefix, Peer*> owners_;
};

// Draws addresses that share long beginnings, so that prefixes nest and part at every depth.
class Draw {
 public:
  explicit Draw(unsigned seed) : random_(seed) {}
  std::size_t below(std::size_t bound) { return random_() % bound; }
  IpAddress address() {
    IpAddress result;
    result.version = below(2) == 0 ? IpVersion::kV4 : IpVersion::kV6;
    for (std::size_t i = 0; i < result.size(); ++i) {
      result.bytes[i] = static_cast<std::uint8_t>(below(3) == 0 ? random_() : 0);
    }
    return result;
  }
  IpPrefix prefix() {
    const IpAddress at = address();
    return {at, static_cast<std::uint8_t>(below(at.full_length() + 1U))};
  }

 private:
  std::mt19937 random_;
};

inline void expect_same_lookups(const AllowedIps& table, const LinearScan& oracle, Draw& draw,
                                int times) {
  for (int i = 0; i < times; ++i) {
    IpAddress at = draw.address();
    // Half of the time beside a prefix: its first or last address, or one bit off.
    if (!oracle.all().empty() && draw.below(2) == 0) {
      const auto& near = std::next(oracle.all().begin(),
                                   static_cast<std::ptrdiff_t>(draw.below(oracle.all().size())));
      at = near->first.address;
      at.bytes[draw.below(at.size())] ^= static_cast<std::uint8_t>(1U << draw.below(8));
    }
    ASSERT_EQ(table.lookup(at), oracle.lookup(at)) << to_string(at);
  }
}

}  // namespace wring::test
