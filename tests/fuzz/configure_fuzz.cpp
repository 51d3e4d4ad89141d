// Any requests on the control socket, applied to a real device that is up: it has what they add up
// to, and the reply to get, sent as a set to a second device, makes that one the same.
#include <cstdlib>
#include <string>

#include "configuration_model.h"
#include "control/uapi_format.h"
#include "control/uapi_request.h"
#include "device/configuration.h"
#include "device/control_turn.h"
#include "tests/support/seeded_rng.h"

using namespace wring;

namespace {

struct StillClock final : Clock {
  [[nodiscard]] TimePoint now() const override { return TimePoint(std::chrono::hours(1)); }
  [[nodiscard]] WallTime wall_now() const override { return WallTime(std::chrono::hours(9999)); }
};

// Sockets that take any port and mark.
struct AnySettings final : ListenSettings {
  [[nodiscard]] int set_port(std::uint16_t port) override {
    port_ = port;
    return 0;
  }
  [[nodiscard]] std::uint16_t port() const override { return port_; }
  [[nodiscard]] int set_fwmark(std::uint32_t fwmark) override {
    fwmark_ = fwmark;
    return 0;
  }
  [[nodiscard]] std::uint32_t fwmark() const override { return fwmark_; }

 private:
  std::uint16_t port_ = 0;
  std::uint32_t fwmark_ = 0;
};

struct ConfiguredDevice final : DatagramSender {
  ConfiguredDevice() { device.bring_up(clock.instant()); }
  int send(const OutgoingDatagram& /*datagram*/) override { return 0; }

  // What wg would read of it, but for counters and times, which it cannot set.
  [[nodiscard]] std::string settings() const {
    TextBuffer buffer(kUapiRoom);
    GetReply reply(configuration);
    std::string text;
    for (bool complete = false; !complete; buffer.consume(buffer.pending().size())) {
      complete = reply.write_to(buffer);
      text += buffer.pending();
    }
    if (!text.ends_with("errno=0\n\n")) std::abort();
    std::string kept;
    for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != text.npos; at = end + 1) {
      const std::string_view line = std::string_view(text).substr(at, end + 1 - at);
      if (line.size() > 1 && line.find('=') == line.npos) std::abort();
      constexpr std::string_view kNotToBeSet[] = {
          "last_handshake_time_", "tx_bytes", "rx_bytes", "dropped_", "wring_", "errno=", "\n"};
      if (std::ranges::none_of(kNotToBeSet, [&](auto key) { return line.starts_with(key); }))
        kept += line;
    }
    return kept;
  }

  static constexpr std::size_t kUapiRoom = 8192;
  StillClock clock;
  test::SeededRng rng{1};
  SharedState shared;
  Device device{shared, rng, *this};
  ControlTurn turn{device};
  AnySettings sockets;
  Configuration configuration{device, shared, sockets, clock};
};

// The settings of a device that took `bytes`.
std::string settings_after(std::string_view bytes) {
  ConfiguredDevice device;
  fuzz::ConfigurationModel model;
  RequestReader reader;
  while (!bytes.empty()) {
    auto request = reader.feed(bytes);
    if (!request || request->error != 0) continue;  // a bad one changes nothing (P37)
    model.apply(request->change);
    if (device.configuration.configure(std::move(request->change)) != 0) std::abort();
    device.turn.run({}, device.clock.instant());
    if (!model.agrees_with(device.configuration)) std::abort();
  }
  return device.settings();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string first = settings_after({reinterpret_cast<const char*>(data), size});
  const std::string second = settings_after("set=1\n" + first + "\n");
  if (second != first) std::abort();
  return 0;
}
