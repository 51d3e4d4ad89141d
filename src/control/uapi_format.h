// The reply to `get=1`, in the words of https://www.wireguard.com/xplatform/. Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "control/text_buffer.h"
#include "device/configurable.h"

namespace wring {

// More bytes than any line, or group of lines that is written at once, can take. The largest group
// is that of the device, with a counter for each reason to drop.
inline constexpr std::size_t kMaxUapiPieceSize = 4096;
// Peers asked of the device at once.
inline constexpr std::size_t kPeersPerChunk = 64;

// Makes the reply piece by piece, so that 100,000 peers take no more memory than the reader's
// buffer and one chunk of peers. It asks the device while it makes the text.
class GetReply {
 public:
  explicit GetReply(const Configurable& device) : device_(device) {}

  // Appends to `out` until it is nearly full or the reply, blank line included, is complete.
  // Returns true when the reply is complete. An empty `out` has room for at least kMaxUapiPieceSize
  // bytes.
  [[nodiscard]] bool write_to(TextBuffer& out);

 private:
  [[nodiscard]] bool next_peer();

  const Configurable& device_;
  bool begun_ = false;
  PeerCursor cursor_;
  bool last_chunk_ = false;
  std::vector<PeerDescription> chunk_;
  std::size_t peer_ = 0;  // within the chunk
  // The next prefix of that peer. None until the lines before the prefixes are written.
  std::optional<std::size_t> allowed_ip_;
};

// The reply to a set, and the end of the reply to a get: "errno=N" and a blank line.
void append_errno(TextBuffer& out, int number);

}  // namespace wring
