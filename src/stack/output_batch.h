// Packets on their way from the stack to the engine. Segments of one connection that follow each
// other become one large packet, as the kernel's TCP would hand it over, and the engine splits it.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "ip/vnet_header.h"

namespace wring::stack {

// Pure. One thread.
class OutputBatch {
 public:
  static constexpr std::size_t kMaxPackets = 64;
  // Bytes of a packet that are copied: all headers, and small packets as a whole.
  static constexpr std::size_t kMaxHead = 256;

  // Whether add() may be called.
  [[nodiscard]] bool has_room() const {
    return count_ < kMaxPackets && parts_.size() + kMaxParts < kAllParts;
  }
  // A packet of IP in parts, of which the first has at least the headers of IP and TCP. Checksums
  // of TCP are left out; this says so to the engine. True: the parts have to stay until the packet
  // was sent. False: the packet was copied, or it has too many parts and is dropped.
  bool add(std::span<const iovec> packet);

  // Those from first() on are still to be sent.
  [[nodiscard]] std::size_t first() const { return first_; }
  [[nodiscard]] std::size_t count() const { return count_; }
  // A VnetHeader and the packet. Nothing joins it any more.
  [[nodiscard]] std::span<const iovec> packet(std::size_t index);
  // Those before `index` were sent. True if nothing is left, so that all parts may go.
  bool sent(std::size_t index);

 private:
  static constexpr std::size_t kMaxParts = 64;  // of a packet before it is joined
  static constexpr std::size_t kAllParts = 8192;
  static constexpr std::size_t kMaxPacketParts = 1000;  // a system call takes 1024
  static constexpr std::size_t kMaxSize = 65535;

  struct Packet {
    Bytes<sizeof(VnetHeader) + kMaxHead> head;
    std::size_t head_size = 0;  // without the VnetHeader
    std::size_t payload = 0;    // bytes in the other parts
    std::size_t first_part = 0;
    std::size_t part_count = 0;
    // Of TCP: where its header is (0: it is not TCP), and what may still join.
    std::size_t transport = 0;
    std::size_t segment = 0;  // payload bytes of each segment but the last
    std::uint32_t next = 0;   // the sequence number of what may join
    bool open = false;

    [[nodiscard]] MutByteSpan bytes() {
      return MutByteSpan(head).subspan(sizeof(VnetHeader), head_size);
    }
  };
  struct Segment;

  [[nodiscard]] bool join(const Segment& segment, std::span<const iovec> packet);
  void begin(std::span<const iovec> packet, std::size_t total);
  void append(Packet& packet, std::span<const iovec> parts, std::size_t skip);
  static void finish(Packet& packet);

  std::unique_ptr<std::array<Packet, kMaxPackets>> packets_ =
      std::make_unique<std::array<Packet, kMaxPackets>>();
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::vector<iovec> parts_;
};

}  // namespace wring::stack
