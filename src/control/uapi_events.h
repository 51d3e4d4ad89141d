// What clients that asked for `events=1` are told, as it happens. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/drop_reason.h"
#include "control/text_buffer.h"
#include "crypto/keys.h"
#include "ip/endpoint.h"

namespace wring {

// More bytes than any event takes.
inline constexpr std::size_t kMaxUapiEventSize = 512;

struct ReportedEvent {
  std::string_view name;  // "handshake", "roaming", "lost", "back", "drops" or "missed"
  WallTime at;
  const PublicKey* peer = nullptr;   // of the first four
  Endpoint endpoint{};               // where the peer is now, if that is known
  std::optional<DropReason> reason;  // of "drops"
  std::uint64_t count = 0;           // of "drops" and "missed"
};

// Lines KEY=VALUE and a blank one. `out` has room for kMaxUapiEventSize bytes.
void append_event(TextBuffer& out, const ReportedEvent& event);

}  // namespace wring
