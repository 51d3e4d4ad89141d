// Reads single values from text. Each either is right or comes with a complaint.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "config/diagnostics.h"
#include "config/tunnel_config.h"

namespace wring::config {

template <typename T>
using Read = tl::expected<T, Complaint>;

inline tl::unexpected<Complaint> wrong(std::string_view code, std::string what, std::string cure) {
  return tl::unexpected(Complaint{code, std::move(what), std::move(cure)});
}

// 32 bytes as 44 characters of base64. The complaint never holds the text.
[[nodiscard]] Read<PrivateKey> read_private_key(std::string_view text);
[[nodiscard]] Read<PresharedKey> read_preshared_key(std::string_view text);
[[nodiscard]] Read<PublicKey> read_public_key(std::string_view text);

[[nodiscard]] Read<std::uint16_t> read_listen_port(std::string_view text);  // 0 is allowed
[[nodiscard]] Read<std::uint32_t> read_fwmark(std::string_view text);
[[nodiscard]] Read<std::uint16_t> read_keepalive(std::string_view text);
[[nodiscard]] Read<std::uint32_t> read_mtu(std::string_view text);
[[nodiscard]] Read<bool> read_bool(std::string_view text);
[[nodiscard]] Read<RoutingTable> read_table(std::string_view text);
[[nodiscard]] Read<std::string> read_path(std::string_view text);

[[nodiscard]] Read<IpAddress> read_address(std::string_view text);
// "10.0.0.1/24" or "10.0.0.1", host bits and all.
[[nodiscard]] Read<InterfaceAddress> read_address_and_length(std::string_view text);
[[nodiscard]] Read<HostPort> read_endpoint(std::string_view text);

}  // namespace wring::config
