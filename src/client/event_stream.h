// What an engine reports as it happens.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "client/line_buffer.h"
#include "control/uapi_socket.h"
#include "crypto/keys.h"

namespace wring::client {

struct Event {
  std::string interface;
  // "handshake", "roaming", "lost", "back", "drops" or "missed", and "listening" before all others:
  // from then on the engine reports.
  std::string name;
  WallTime at{};
  std::optional<PublicKey> peer;
  std::string endpoint;     // with its port; empty: not known
  std::string reason;       // of "drops"
  std::uint64_t count = 0;  // of "drops" and "missed"
};

// One thread.
class EventStream {
 public:
  // Asks an engine. Whether it reports events shows in the first take().
  static Result<EventStream> open(const std::string& interface,
                                  const std::string& folder = kUapiFolder);
  // Takes a connected stream on which events were asked for.
  EventStream(UniqueFd stream, std::string interface)
      : stream_(std::move(stream)),
        interface_(std::move(interface)),
        buffer_(std::make_unique<LineBuffer>()) {}

  [[nodiscard]] const std::string& interface() const { return interface_; }
  // Readable when take() has something to do.
  [[nodiscard]] int fd() const { return stream_.get(); }
  // What has come, without waiting. The Error is that of an engine that reports no events
  // (EOPNOTSUPP), or serves too many others (EBUSY), or has ended (EPIPE).
  [[nodiscard]] Result<std::vector<Event>> take();

 private:
  [[nodiscard]] Result<void> take_line(std::string_view line, std::vector<Event>& events);

  UniqueFd stream_;
  std::string interface_;
  std::unique_ptr<LineBuffer> buffer_;
  bool is_answered_ = false;
  Event event_;  // whose lines come
};

}  // namespace wring::client
