// What a client says before its bytes are passed on, and what it is told. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "config/tunnel_config.h"
#include "httptext/chunked_body.h"
#include "ip/endpoint.h"
#include "protocols/refusal.h"

namespace wring::proxy {

// Whether name and password are right. Nothing: nobody is asked for them.
using CheckCredentials = std::function<bool(std::string_view username, std::string_view password)>;

// One connection of one client.
class Protocol {
 public:
  enum class Wish : std::uint8_t {
    kMore,       // more bytes are needed
    kConnect,    // to `target`; what is left of the input is for it
    kBind,       // a port at the other end, to which `target` will connect
    kAssociate,  // datagrams, from anywhere to anywhere
    kClose,      // it was refused
  };
  struct Step {
    Wish wish = Wish::kMore;
    std::string reply;  // goes to the client in any case
    config::HostPort target{};
    std::optional<std::uint64_t> limit{};  // bytes behind `input` that are for the target
    std::optional<ChunkedBody> body{};     // of which what is behind `input` is for the target
    Refusal refusal = Refusal::kProtocol;  // of kClose
    bool guessed = false;                  // it was refused because what it gave is wrong
  };

  Protocol() = default;
  Protocol(const Protocol&) = delete;
  Protocol& operator=(const Protocol&) = delete;
  virtual ~Protocol() = default;

  // Takes from the front of what the client has sent. Not called again after a wish. The longest
  // input that is waited for is kMaxInput.
  [[nodiscard]] virtual Step take(std::string& input) = 0;
  // The wish is fulfilled. `at` is the address at the other end, or that of datagrams.
  [[nodiscard]] virtual std::string granted(const Endpoint& at) = 0;
  // The wish, or the client as a whole, is refused.
  [[nodiscard]] virtual std::string refused(Refusal refusal) = 0;

  static constexpr std::size_t kMaxInput = 32U << 10;
};

}  // namespace wring::proxy
