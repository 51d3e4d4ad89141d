// What happened to a peer, in words for the log, and by name for clients.
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
    case DeviceEvent::kSourceMovedOn:
      return "is reached by yet another way: the route has moved on";
    case DeviceEvent::kSourceTakenBack:
      return "came back to the address that it was heard on: the route leads there again";
    case DeviceEvent::kHandshakeCompleted:
      return "completed a handshake";
    case DeviceEvent::kMoved:
      return "is at another address or port";
    case DeviceEvent::kLost:
      return "does not answer any more";
    case DeviceEvent::kBack:
      return "answers again";
  }
  return {};
}

// As the control socket reports it; empty: it does not.
constexpr std::string_view event_name(DeviceEvent event) {
  switch (event) {
    case DeviceEvent::kHandshakeCompleted:
      return "handshake";
    case DeviceEvent::kMoved:
      return "roaming";
    case DeviceEvent::kLost:
      return "lost";
    case DeviceEvent::kBack:
      return "back";
    default:
      return {};
  }
}

}  // namespace wring
