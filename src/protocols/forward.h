// A client that says nothing first: its target is that of the configuration.
#pragma once

#include <utility>

#include "protocols/protocol.h"

namespace wring::proxy {

class Forward final : public Protocol {
 public:
  explicit Forward(config::HostPort target) : target_(std::move(target)) {}
  [[nodiscard]] Step take(std::string&) override { return {Wish::kConnect, {}, target_}; }
  [[nodiscard]] std::string granted(const Endpoint&) override { return {}; }
  [[nodiscard]] std::string refused(Refusal) override { return {}; }

 private:
  config::HostPort target_;
};

}  // namespace wring::proxy
