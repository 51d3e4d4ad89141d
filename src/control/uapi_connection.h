// One client of the control socket.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/unique_fd.h"
#include "control/text_buffer.h"
#include "control/uapi_format.h"
#include "control/uapi_request.h"
#include "device/configurable.h"

namespace wring {

// How much of its input and of its reply a connection holds, in bytes. A client that does not read
// is sent no more than this and the kernel's buffer. The rest of the reply is made, and further
// requests are read, once it goes on.
inline constexpr std::size_t kUapiInputSize = 16U << 10;
inline constexpr std::size_t kUapiOutputSize = 64U << 10;

class UapiConnection {
 public:
  // `fd` is non-blocking. The device outlives the connection. `may_listen` says whether one more
  // client may have events.
  UapiConnection(UniqueFd fd, Configurable& device, std::function<bool()> may_listen);

  // Reads, answers and writes as far as that goes without waiting, up to a fixed amount, so that
  // other clients do not wait long. Returns false when the connection is over.
  [[nodiscard]] bool serve();
  // The epoll events on which to call serve().
  [[nodiscard]] std::uint32_t wanted_events() const;
  // True if it is neither owed an answer nor amid a request.
  [[nodiscard]] bool is_idle() const;
  // It asked for events, and for nothing else any more.
  [[nodiscard]] bool listens() const { return listens_; }
  // Queues the text of an event. If a reader is so slow that there is no room, the event is only
  // counted, and the reader is told how many it has missed.
  void report(std::string_view event);
  // It listens, and has had all there is.
  [[nodiscard]] bool awaits_events() const { return listens_ && output_.empty() && missed_ == 0; }
  // Bytes received and sent so far.
  [[nodiscard]] std::uint64_t bytes_moved() const { return bytes_moved_; }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  enum class Step { kDone, kMustWait, kOver };
  [[nodiscard]] Step step();
  [[nodiscard]] Step receive();
  [[nodiscard]] Step send();
  [[nodiscard]] Step step_of_listener();
  void begin_to_listen();
  void take_requests();
  void answer(UapiRequest&& request);

  UniqueFd fd_;
  Configurable& device_;
  RequestReader reader_;
  TextBuffer input_{kUapiInputSize};
  TextBuffer output_{kUapiOutputSize};
  std::optional<GetReply> reply_;  // while there is more of it to come
  std::uint64_t bytes_moved_ = 0;
  std::function<bool()> may_listen_;
  bool listens_ = false;
  std::uint64_t missed_ = 0;  // events, since the last one that was queued
};

}  // namespace wring
