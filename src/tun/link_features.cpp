// Turns features of an interface off by ethtool's ioctl. They are found by their names, because
// their numbers differ from kernel to kernel.
#include "tun/link_features.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace wring {
namespace {

constexpr std::size_t kBitsPerBlock = 32;

// A request of ethtool's: words of 4 bytes, the first of which says what is asked for.
using Words = std::vector<std::uint32_t>;

class Ethtool {
 public:
  Ethtool(int socket, const std::string& name) : socket_(socket) {
    name.copy(request_.ifr_name, IFNAMSIZ - 1);
  }
  // 0, or the errno. The answer is in `words`.
  int ask(Words& words) {
    request_.ifr_data = reinterpret_cast<char*>(words.data());
    return ioctl(socket_, SIOCETHTOOL, &request_) < 0 ? errno : 0;
  }

 private:
  int socket_;
  ifreq request_{};
};

bool is_wanted(std::string_view feature, LargePackets large) {
  if (feature == "tx-checksum-sctp" || feature == "tx-gso-list" || feature == "tx-gso-partial")
    return false;
  if (!feature.starts_with("tx-") || !feature.ends_with("-segmentation")) return true;
  if (feature == "tx-udp-segmentation") return large.udp;
  // The kernel's own splitting, before packets come to the interface.
  if (feature == "tx-generic-segmentation") return true;
  static constexpr std::array kTcp{"tx-tcp-segmentation", "tx-tcp-ecn-segmentation",
                                   "tx-tcp6-segmentation"};
  return large.tcp && std::find(kTcp.begin(), kTcp.end(), feature) != kTcp.end();
}

// The names of all features, in the order of their bits. Empty, and `error` set, if it fails.
std::vector<std::string> names_of_features(Ethtool& ethtool, int& error) {
  // struct ethtool_sset_info: the set's bit in 64 bits, then the number of names.
  Words info{ETHTOOL_GSSET_INFO, 0, 1U << ETH_SS_FEATURES, 0, 0};
  error = ethtool.ask(info);
  if (error != 0) return {};
  const std::uint32_t count = info[4];
  Words strings(3 + std::size_t{count} * ETH_GSTRING_LEN / sizeof(std::uint32_t));
  strings[0] = ETHTOOL_GSTRINGS;
  strings[1] = ETH_SS_FEATURES;
  strings[2] = count;
  error = ethtool.ask(strings);
  if (error != 0) return {};
  std::vector<std::string> names;
  const char* text = reinterpret_cast<const char*>(strings.data() + 3);
  for (std::uint32_t i = 0; i < count; ++i, text += ETH_GSTRING_LEN)
    names.emplace_back(text, strnlen(text, ETH_GSTRING_LEN));
  return names;
}

}  // namespace

Result<void> limit_features(int socket, const std::string& name, LargePackets large) {
  Ethtool ethtool(socket, name);
  int error = 0;
  const std::vector<std::string> names = names_of_features(ethtool, error);
  const std::size_t blocks = (names.size() + kBitsPerBlock - 1) / kBitsPerBlock;
  // struct ethtool_gfeatures: of each block available, requested, active, never changed.
  Words now(2 + 4 * blocks);
  now[0] = ETHTOOL_GFEATURES;
  now[1] = static_cast<std::uint32_t>(blocks);
  if (error == 0) error = ethtool.ask(now);
  if (error != 0) return system_failure("cannot read the offloads of " + name, error);
  // struct ethtool_sfeatures: of each block those to change, and those that are to be on.
  Words change(2 + 2 * blocks);
  change[0] = ETHTOOL_SFEATURES;
  change[1] = static_cast<std::uint32_t>(blocks);
  bool needed = false;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::size_t block = i / kBitsPerBlock;
    const std::uint32_t bit = 1U << (i % kBitsPerBlock);
    const bool on = (now[2 + 4 * block + 2] & bit) != 0;
    if (!on || is_wanted(names[i], large)) continue;
    change[2 + 2 * block] |= bit;
    needed = true;
  }
  if (!needed) return {};
  error = ethtool.ask(change);
  if (error == 0) return {};
  return system_failure("cannot turn off offloads of " + name, error,
                        error == EPERM ? "run wring as the user who made the namespace" : "");
}

}  // namespace wring
