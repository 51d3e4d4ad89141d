// The lines of a `set=1` request, in the words of https://www.wireguard.com/xplatform/. Pure.
#pragma once

#include <string_view>

#include "device/configurable.h"

namespace wring {

// Takes the lines between `set=1` and the blank one that ends the request. Nothing is applied here:
// the whole request is read first, so that a bad one changes nothing (P37).
class SetParser {
 public:
  // One line, without its newline. After the first error further lines are ignored.
  void feed(std::string_view line);
  // 0, EPROTO for a line that is not KEY=VALUE, or EINVAL for a key that is unknown or out of place
  // and for a bad value.
  [[nodiscard]] int error() const { return error_; }
  // What the request asks for, once all lines were fed and error() is 0.
  [[nodiscard]] ConfigChange take() { return std::move(change_); }

 private:
  // Each reads one value and returns false if it is bad. Those of a peer apply to the last one
  // named.
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
