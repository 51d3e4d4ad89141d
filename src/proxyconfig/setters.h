// How each key's value is read into the configuration.
#pragma once

#include <string_view>

#include "proxyconfig/key_table.h"

namespace wring::proxy {

// [Interface]
void set_private_key(const Target& target, std::string_view text);
void set_private_key_file(const Target& target, std::string_view text);
void add_addresses(const Target& target, std::string_view text);
void add_dns(const Target& target, std::string_view text);
void set_mtu(const Target& target, std::string_view text);
void set_tunnel_port(const Target& target, std::string_view text);
void add_check_alive(const Target& target, std::string_view text);
void set_check_alive_interval(const Target& target, std::string_view text);

// [Peer]
void set_public_key(const Target& target, std::string_view text);
void set_preshared_key(const Target& target, std::string_view text);
void set_preshared_key_file(const Target& target, std::string_view text);
void add_allowed_ips(const Target& target, std::string_view text);
void set_endpoint(const Target& target, std::string_view text);
void set_keepalive(const Target& target, std::string_view text);

// Listeners
void set_bind_address(const Target& target, std::string_view text);
void set_inner_port(const Target& target, std::string_view text);
void set_target(const Target& target, std::string_view text);
void set_username(const Target& target, std::string_view text);
void set_password(const Target& target, std::string_view text);
void set_credentials_file(const Target& target, std::string_view text);
void set_certificate_file(const Target& target, std::string_view text);
void set_key_file(const Target& target, std::string_view text);
void set_inactivity(const Target& target, std::string_view text);
void add_allowed_from(const Target& target, std::string_view text);
void add_reachable(const Target& target, std::string_view text);
void set_socket_mode(const Target& target, std::string_view text);

// [Resolve]
void set_strategy(const Target& target, std::string_view text);
void set_resolve_by(const Target& target, std::string_view text);

}  // namespace wring::proxy
