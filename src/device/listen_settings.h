// The listen port and fwmark of the sockets, as a configuration sets them.
#pragma once

#include <cstdint>

namespace wring {

// The owner of the sockets implements it. Control thread.
class ListenSettings {
 public:
  ListenSettings() = default;
  ListenSettings(const ListenSettings&) = delete;
  ListenSettings& operator=(const ListenSettings&) = delete;
  virtual ~ListenSettings() = default;

  // 0: the system chooses. Returns 0, or a positive errno, and then nothing has changed: EADDRINUSE
  // for a port that is taken.
  [[nodiscard]] virtual int set_port(std::uint16_t port) = 0;
  // What was set, or what was chosen for 0.
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  // 0: none. Returns 0, or a positive errno, and then nothing has changed.
  [[nodiscard]] virtual int set_fwmark(std::uint32_t fwmark) = 0;
  [[nodiscard]] virtual std::uint32_t fwmark() const = 0;
};

}  // namespace wring
