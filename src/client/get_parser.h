// Reads the reply to `get=1` of https://www.wireguard.com/xplatform/. Pure but for names of zones.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "client/interface_state.h"

namespace wring::client {

// Takes the reply line by line. Keys that it does not know are skipped, so that newer engines and
// those of others can be asked.
class GetParser {
 public:
  // One line, without its newline. The blank line ends the reply. Lines after it, or after the
  // first bad one, are ignored.
  void feed(std::string_view line);
  // Once the reply is complete. Fails with the errno that the engine gave, or with EPROTO if there
  // was none or a line could not be read.
  [[nodiscard]] Result<InterfaceState> take();

 private:
  // Reads one value, and returns false if it is bad. Those of a peer apply to the last one.
  using Reader = bool (*)(InterfaceState& state, std::string_view value);
  struct Key {
    std::string_view name;
    Reader read;
  };
  static const Key kDeviceKeys[];
  static const Key kPeerKeys[];

  InterfaceState state_;
  std::optional<int> errno_;
  std::string bad_key_;  // of the first line that could not be read; the value may be a secret
  bool complete_ = false;
};

// The number of a line "errno=N". Engines give it with a sign or without; this has none.
[[nodiscard]] std::optional<int> parse_errno(std::string_view value);

}  // namespace wring::client
