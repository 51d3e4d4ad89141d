// Shares the room in a worker's UDP socket among peers while the interface is slower than what they
// send, so that one peer's traffic does not take it all.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace wring {

// The rule: a peer may hold as much as is still free. One peer alone thus gets half of the room,
// two get a third each, and some is free for the next one in any case. It is the "dynamic
// threshold" of switches that share a buffer [Choudhury and Hahne 1998]. What a peer sends beyond
// that is dropped before it is sealed. See docs/decisions/0020-a-full-uplink.md.
//
// How much the socket holds is asked of the kernel. It does not say for whom, so the shares are
// estimated: what drains is taken to drain from all peers in proportion. That needs no queue beside
// the kernel's, and each answer of the kernel corrects the sum.
//
// While the socket is nearly empty, nothing is counted for each peer, and the kernel is asked
// rarely. One object for each socket of a worker; used by that worker alone.
class UplinkShares {
 public:
  // Whether update() is due before the next batch.
  [[nodiscard]] bool wants_update() const { return busy_ || sent_ >= ask_after_; }
  // What the socket holds, and how much it may hold, in bytes of the kernel's memory.
  void update(std::size_t queued, std::size_t limit);

  // Whether each datagram has to be admitted. If not, on_sent() is enough.
  [[nodiscard]] bool is_busy() const { return busy_; }
  // Whether the peer may send that much now. If so, it counts as sent. `peer` is the same number
  // for the same peer; few peers share an entry with another, and then a share.
  [[nodiscard]] bool admit(std::uint64_t peer, std::size_t bytes, std::size_t datagrams);
  // Something was sent without asking.
  void on_sent(std::size_t bytes, std::size_t datagrams) { sent_ += charge_for(bytes, datagrams); }

 private:
  static constexpr std::size_t kEntries = 1024;
  static constexpr std::size_t kAskAfter = 64 << 10;  // at least

  // About what the kernel charges: the buffers, which are larger than the datagrams, and the
  // bookkeeping. Datagrams that are sent together take less. What it is wrong by lasts until the
  // next update; a row of 64 KB that seems to be twice as large would leave TCP half of its share.
  static std::size_t charge_for(std::size_t bytes, std::size_t datagrams) {
    return bytes + bytes / 8 + 128 * datagrams + 512;
  }
  void begin();

  bool busy_ = false;
  std::size_t sent_ = 0;  // since the last update
  std::size_t ask_after_ = kAskAfter;
  std::size_t queued_ = 0;  // at the last update, and what was admitted since
  std::size_t limit_ = 0;
  // An entry times the scale is what the peers of that entry hold. The weights add up to
  // total_weight_ together with what was there when the socket became busy.
  std::array<double, kEntries> weights_{};
  double total_weight_ = 0;
  double scale_ = 1;
};

}  // namespace wring
