// The lines of a `set=1` request, in the words of https://www.wireguard.com/xplatform/. Pure.
#pragma once

#include <string_view>

#include "device/configurable.h"

namespace wring {

// Takes the lines between `set=1` and the blank line that ends the request. It applies nothing: the
// whole request is read first, so that a bad one changes nothing (P37).
class SetParser {
 public:
  // Takes one line, without its newline. Ignores all lines after the first error.
  void feed(std::string_view line);
  // 0, or EPROTO for a line that is not KEY=VALUE, or EINVAL for a bad value and for a key that is
  // unknown or out of place.
  [[nodiscard]] int error() const { return error_; }
  // The change that the request asks for. Call it once all lines were fed and error() is 0.
  [[nodiscard]] ConfigChange take() { return std::move(change_); }

 private:
  // Each reads one value and returns false if it is bad. Those of a peer apply to the peer that was
  // named last.
  using Setter = bool (*)(ConfigChange& change, std::string_view value);
  struct Key {
    std::string_view name;
    Setter set;
  };
  static const Key kDeviceKeys[];
  static const Key kPeerKeys[];

  ConfigChange change_;
  int error_ = 0;
};

}  // namespace wring
