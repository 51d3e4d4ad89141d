// Sets port and fwmark of the sockets for a configuration, and logs what fails.
#pragma once

#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstdint>

#include "base/result.h"
#include "daemon/udp_binding.h"
#include "device/listen_settings.h"

namespace wring {

// Control thread only.
class LoggedSettings final : public ListenSettings {
 public:
  // `binding` outlives it.
  explicit LoggedSettings(UdpBinding& binding) : binding_(binding) {}

  [[nodiscard]] int set_port(std::uint16_t port) override {
    return errno_of(binding_.set_port(port));
  }
  [[nodiscard]] std::uint16_t port() const override { return binding_.port(); }
  [[nodiscard]] int set_fwmark(std::uint32_t fwmark) override {
    return errno_of(binding_.set_fwmark(fwmark));
  }
  [[nodiscard]] std::uint32_t fwmark() const override { return binding_.fwmark(); }

 private:
  static int errno_of(const Result<void>& set) {
    if (set) return 0;
    spdlog::error("{}", set.error().message);
    return set.error().code != 0 ? set.error().code : EIO;
  }

  UdpBinding& binding_;
};

}  // namespace wring
