// The reply to `get=1`, in the words of https://www.wireguard.com/xplatform/. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "control/text_buffer.h"
#include "device/configurable.h"

namespace wring {

// More bytes than any line, or group of lines that is written at once, can take. The largest group
// is that of the counters, with the time of each worker.
inline constexpr std::size_t kMaxUapiPieceSize = 4096;
// What a reply has.
enum class GetDetail {
  kAll,     // `get=1`
  kPublic,  // `get=public`, of wring alone: no secret, and the public key in place of the private
            // one
  kDevice,  // `get=device`, of wring alone: the same without peers
};

// Peers asked of the device at once.
inline constexpr std::size_t kPeersPerChunk = 64;

// Makes the reply piece by piece, so that 100,000 peers take no more memory than the reader's
// buffer and one chunk of peers. It asks the device while it makes the text.
class GetReply {
 public:
  explicit GetReply(const Configurable& device, GetDetail detail = GetDetail::kAll)
      : device_(device), detail_(detail) {}

  // Appends to `out` until it is nearly full or the reply, blank line included, is complete.
  // Returns true when the reply is complete. An empty `out` has room for at least kMaxUapiPieceSize
  // bytes.
  [[nodiscard]] bool write_to(TextBuffer& out);

 private:
  [[nodiscard]] bool next_peer();
  // Writes one piece of the part before the peers.
  void write_head(TextBuffer& out);

  const Configurable& device_;
  const GetDetail detail_;
  enum class Part { kDevice, kCounts, kPeers };
  Part part_ = Part::kDevice;
  std::optional<EngineCounts> counts_;  // until they are written
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
