// Forms of addresses and numbers that are the same in each kind of output.
#include "command/text_forms.h"

#include <fmt/format.h>
#include <netdb.h>

#include <array>
#include <chrono>

namespace wring::command {

std::string endpoint_text(const Endpoint& endpoint) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  const int error =
      getnameinfo(&endpoint.remote.any, endpoint.remote_size(), host.data(), host.size(),
                  port.data(), port.size(), NI_DGRAM | NI_NUMERICSERV | NI_NUMERICHOST);
  if (error != 0) return to_string(endpoint);
  return fmt::format(fmt::runtime(endpoint.is_v6() ? "[{}]:{}" : "{}:{}"), host.data(),
                     port.data());
}

std::string fwmark_text(std::uint32_t fwmark) {
  return fwmark == 0 ? "off" : fmt::format("{:#x}", fwmark);
}

std::int64_t handshake_second(const PeerDescription& peer) {
  const auto since_1970 = peer.last_handshake.value_or(WallTime{}).time_since_epoch();
  return std::chrono::floor<std::chrono::seconds>(since_1970).count();
}

PublicKey public_key_of(const DeviceDescription& device) {
  return derive_public_key(device.private_key);
}

}  // namespace wring::command
