// Reads WG_TUN_FD and its like: one number, or for packet sockets a list of them.
#include "cli/handed_in.h"

#include <cstdlib>
#include <limits>
#include <map>
#include <string>
#include <string_view>

#include "base/decimal.h"

namespace wring {
namespace {

constexpr std::size_t kMaxPacketSockets = 64;  // one for each worker
constexpr unsigned kLeastStackMtu = 576;       // RFC 791
constexpr unsigned kMostStackMtu = 65500;      // a TUN's

// Which variable has named each number.
using Named = std::map<int, std::string>;

Result<int> take_number(const std::string& variable, std::string_view text, Named& named) {
  const auto fd = parse_decimal<unsigned>(text);
  if (!fd || *fd > unsigned{std::numeric_limits<int>::max()}) {
    return failure(variable + "=" + std::string(text) +
                   ": not the number of an open descriptor; unset it or hand one in");
  }
  const int number = static_cast<int>(*fd);
  const auto [before, is_new] = named.emplace(number, variable);
  if (is_new) return number;
  if (before->second == variable) {
    return failure(variable + " names " + std::to_string(number) +
                   " twice; each worker needs a descriptor of its own");
  }
  return failure(before->second + " and " + variable + " are both " + std::to_string(number) +
                 ", but one descriptor cannot be both; unset one of them");
}

Result<std::optional<int>> descriptor_in(const char* variable, Named& named) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return std::optional<int>();
  const auto number = take_number(variable, text, named);
  if (!number) return tl::unexpected(number.error());
  return std::optional<int>(*number);
}

Result<std::vector<int>> numbers_in(const char* variable, Named& named) {
  std::vector<int> numbers;
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return numbers;
  std::string_view rest = text;
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    const auto number = take_number(variable, rest.substr(0, comma), named);
    if (!number) return tl::unexpected(number.error());
    numbers.push_back(*number);
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
  }
  if (numbers.size() <= kMaxPacketSockets) return numbers;
  return failure(std::string(variable) + " names " + std::to_string(numbers.size()) +
                 " descriptors; hand in at most " + std::to_string(kMaxPacketSockets));
}

// Nobody else would say it: there is no interface that could be asked.
Result<unsigned> stack_mtu() {
  const char* const text = std::getenv("WG_STACK_MTU");
  const auto mtu = parse_decimal<unsigned>(text == nullptr ? "" : text);
  if (mtu && *mtu >= kLeastStackMtu && *mtu <= kMostStackMtu) return *mtu;
  return failure("WG_STACK_FD is set, so WG_STACK_MTU has to say the MTU, from " +
                 std::to_string(kLeastStackMtu) + " to " + std::to_string(kMostStackMtu));
}

Result<void> take_stack(HandedInNumbers& numbers, Named& named) {
  auto number = descriptor_in("WG_STACK_FD", named);
  if (!number) return tl::unexpected(number.error());
  numbers.stack = *number;
  if (!numbers.stack) return {};
  if (numbers.tun || !numbers.packets.empty() || numbers.netlink) {
    return failure(
        "WG_STACK_FD is set beside WG_TUN_FD, WG_PACKET_FD or WG_NETLINK_FD, but a stack has no "
        "interface; unset it or the others");
  }
  const auto mtu = stack_mtu();
  if (!mtu) return tl::unexpected(mtu.error());
  numbers.stack_mtu = *mtu;
  return {};
}

}  // namespace

Result<HandedInNumbers> handed_in_by_environment() {
  Named named;
  HandedInNumbers numbers;
  for (const auto& [variable, taken] :
       {std::pair{"WG_TUN_FD", &numbers.tun}, std::pair{"WG_UAPI_FD", &numbers.uapi},
        std::pair{"WG_NETLINK_FD", &numbers.netlink}}) {
    auto number = descriptor_in(variable, named);
    if (!number) return tl::unexpected(number.error());
    *taken = *number;
  }
  auto packets = numbers_in("WG_PACKET_FD", named);
  if (!packets) return tl::unexpected(packets.error());
  numbers.packets = std::move(*packets);
  if (auto taken = take_stack(numbers, named); !taken) return tl::unexpected(taken.error());
  if (numbers.tun && !numbers.packets.empty()) {
    return failure(
        "WG_TUN_FD and WG_PACKET_FD are both set, but packets come one way only; unset one of "
        "them");
  }
  if (numbers.netlink && !numbers.tun && numbers.packets.empty()) {
    return failure(
        "WG_NETLINK_FD is set, but wring makes its own interface; unset it, or hand in an "
        "interface as WG_TUN_FD or WG_PACKET_FD");
  }
  return numbers;
}

}  // namespace wring
