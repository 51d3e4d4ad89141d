// The name in the first message of TLS: RFC 6066, section 3. Pure.
#pragma once

#include <string>
#include <string_view>

#include "protocols/protocol.h"

namespace wring::proxy {

// Reads the name and takes nothing: the target gets all of it.
class Sni final : public Protocol {
 public:
  [[nodiscard]] Step take(std::string& input) override;
  [[nodiscard]] std::string granted(const Endpoint&) override { return {}; }
  // An alert of TLS.
  [[nodiscard]] std::string refused(Refusal refusal) override;
};

struct ServerName {
  enum class Kind { kFound, kCut, kNone, kWrong };
  Kind kind = Kind::kCut;
  std::string name;
};
// From records of a handshake that begins with a ClientHello.
[[nodiscard]] ServerName server_name(std::string_view records);

}  // namespace wring::proxy
