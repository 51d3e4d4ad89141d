// Where packets from the engine are read to, and handed to lwIP without a copy.
#pragma once

#include <lwip/pbuf.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <span>

#include "base/bytes.h"
#include "ip/vnet_header.h"

namespace wring::stack {

// One packet: lwIP's description of it, a VnetHeader, and room for the largest.
struct InputBuffer {
  pbuf_custom description;
  bool ours;  // no: lwIP keeps it, and it is freed with its last reference
  VnetHeader vnet;
  alignas(8) Bytes<65536> bytes;
};

// One thread. Buffers are used from the first on, so that few packets touch few of them.
class InputBuffers {
 public:
  static constexpr std::size_t kCount = 16;

  InputBuffers() = default;
  InputBuffers(const InputBuffers&) = delete;
  InputBuffers& operator=(const InputBuffers&) = delete;
  ~InputBuffers();

  // Reads what is there, at most kCount messages. The sizes of their packets; empty: there is
  // nothing. `closed` is set if the other end is gone.
  [[nodiscard]] std::span<const std::size_t> read(int socket, bool& closed);
  // The last read took as many as there were buffers, so there may be more.
  [[nodiscard]] bool was_full() const { return full_; }
  [[nodiscard]] const VnetHeader& header(std::size_t index) const { return slots_[index]->vnet; }
  [[nodiscard]] ByteSpan bytes(std::size_t index, std::size_t size) const {
    return ByteSpan(slots_[index]->bytes).first(size);
  }
  // The packet for lwIP, which frees it. Where it keeps it for longer, release() gives the slot
  // another buffer.
  [[nodiscard]] pbuf* lend(std::size_t index, std::size_t size);
  void release(std::size_t index);

 private:
  std::array<InputBuffer*, kCount> slots_{};
  std::array<std::size_t, kCount> sizes_{};
  bool full_ = false;
};

}  // namespace wring::stack
