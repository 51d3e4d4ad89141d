// What happened to a peer, in words for the log.
#pragma once

#include <string_view>

#include "device/device.h"

namespace wring {

constexpr std::string_view describe(DeviceEvent event) {
  switch (event) {
    case DeviceEvent::kInitiationSent:
      return "sent a handshake initiation";
    case DeviceEvent::kInitiationReceived:
      return "received a handshake initiation";
    case DeviceEvent::kResponseReceived:
      return "received a handshake response";
    case DeviceEvent::kSessionConfirmed:
      return "confirmed the session";
    case DeviceEvent::kHandshakeGivenUp:
      return "gave up the handshake: no answer for 90 seconds";
    case DeviceEvent::kKeepaliveSent:
      return "sent a keepalive";
    case DeviceEvent::kKeysZeroed:
      return "wiped all keys: no new session for 540 seconds";
    case DeviceEvent::kSourceRefused:
      return "left the address that it was heard on: the route leads elsewhere";
  }
  return {};
}

}  // namespace wring
