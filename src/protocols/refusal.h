// The reasons for which a client is not served.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wring::proxy {

enum class Refusal : std::uint8_t {
  kNotAllowed,   // its address is not among AllowFrom
  kFull,         // as many connections as may be are open
  kProtocol,     // it sent what the protocol does not know
  kTooSlow,      // its request did not come in time
  kCredentials,  // wrong, missing, or tried too often
  kName,         // the target has no address
  kUnreachable,  // no way to the target, or the tunnel is down
  kRefused,      // nothing listens there
  kTimeOut,      // the target did not answer
  kUnsupported,  // a request that the protocol knows and we do not
};
inline constexpr std::size_t kRefusals = 10;
// As in the figures: "not_allowed".
[[nodiscard]] const char* to_string(Refusal refusal);

}  // namespace wring::proxy
