// One client of the control socket.
#pragma once

#include <cstdint>
#include <optional>

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
  // `fd` is non-blocking. The device outlives the connection.
  UapiConnection(UniqueFd fd, Configurable& device);

  // Reads, answers and writes as far as that goes without waiting, up to a fixed amount, so that
  // other clients do not wait long. Returns false when the connection is over.
  [[nodiscard]] bool serve();
  // The epoll events on which to call serve().
  [[nodiscard]] std::uint32_t wanted_events() const;
  // True if it is neither owed an answer nor amid a request.
  [[nodiscard]] bool is_idle() const;
  // Bytes received and sent so far.
  [[nodiscard]] std::uint64_t bytes_moved() const { return bytes_moved_; }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  enum class Step { kDone, kMustWait, kOver };
  [[nodiscard]] Step step();
  [[nodiscard]] Step receive();
  [[nodiscard]] Step send();
  void take_requests();
  void answer(UapiRequest&& request);

  UniqueFd fd_;
  Configurable& device_;
  RequestReader reader_;
  TextBuffer input_{kUapiInputSize};
  TextBuffer output_{kUapiOutputSize};
  std::optional<GetReply> reply_;  // while there is more of it to come
  std::uint64_t bytes_moved_ = 0;
};

}  // namespace wring
