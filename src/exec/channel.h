// Messages between the supervisor, outside, and the keeper, inside.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace wring::exec {

// As shells have it: the exit status of what a signal ended is this and the signal's number.
inline constexpr int kEndedBySignal = 128;

struct Message {
  enum class Kind : std::uint8_t {
    // From the keeper.
    kReady,   // all is made; with descriptors, see Interior
    kFailed,  // with a text and an errno; it ends
    kEnded,   // the command has ended, and everything with it; `number` is its exit status
    // From the supervisor.
    kStart,   // the tunnel is up; the text is that of /etc/resolv.conf
    kSignal,  // the command is to get signal `number`
    kChange,  // of a proxy: descriptors of what changes, of which `number` come in messages after
  };

  Kind kind = Kind::kReady;
  int number = 0;
  std::string text;  // at most kMaxText bytes
  std::vector<UniqueFd> descriptors;

  static constexpr std::size_t kMaxText = 8192;
  static constexpr std::size_t kMaxDescriptors = 16;
};

// One end. Blocks, except receive_now().
class Channel {
 public:
  static Result<std::pair<Channel, Channel>> pair();

  // A connected socket of type SOCK_SEQPACKET.
  static Channel adopt(UniqueFd socket) { return Channel(std::move(socket)); }

  [[nodiscard]] int fd() const { return socket_.get(); }
  void close() { socket_.reset(); }
  // ENOTCONN: the other end is gone. Never raises a signal.
  [[nodiscard]] Result<void> send(const Message& message) const;
  // The same for the Error.
  [[nodiscard]] Result<Message> receive() const { return receive_with(0); }
  // Nothing if there is no message.
  [[nodiscard]] Result<std::optional<Message>> receive_now() const;

 private:
  explicit Channel(UniqueFd socket) : socket_(std::move(socket)) {}
  [[nodiscard]] Result<Message> receive_with(int flags) const;

  UniqueFd socket_;
};

}  // namespace wring::exec
