// SOCKS 5: RFC 1928, and user name with password as RFC 1929 has it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "protocols/protocol.h"

namespace wring::proxy {

class Socks5 final : public Protocol {
 public:
  explicit Socks5(CheckCredentials check) : check_(std::move(check)) {}
  [[nodiscard]] Step take(std::string& input) override;
  [[nodiscard]] std::string granted(const Endpoint& at) override;
  [[nodiscard]] std::string refused(Refusal refusal) override;

 private:
  enum class State : std::uint8_t { kGreeting, kPassword, kRequest };
  [[nodiscard]] Step take_greeting(std::string& input);
  [[nodiscard]] Step take_password(std::string& input);
  [[nodiscard]] Step take_request(std::string& input);

  CheckCredentials check_;
  State state_ = State::kGreeting;
};

// An address as requests and datagrams have it: a kind, a host and a port.
struct SocksAddress {
  config::HostPort at;
  std::size_t size = 0;  // bytes that it takes
};
// Nothing if it is cut short or of a kind that there is not; `cut` tells which.
[[nodiscard]] std::optional<SocksAddress> read_socks_address(std::string_view bytes, bool& cut);
[[nodiscard]] std::string write_socks_address(const Endpoint& at);

// A datagram of a client: who it is for, and what. Nothing if it is not right, or a fragment.
struct SocksDatagram {
  config::HostPort to;
  std::string_view payload;
};
[[nodiscard]] std::optional<SocksDatagram> read_socks_datagram(std::string_view bytes);
// What stands before the payload of one for the client.
[[nodiscard]] std::string socks_datagram_head(const Endpoint& from);

}  // namespace wring::proxy
