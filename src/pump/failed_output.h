// Output that the kernel refused, kept until the pump's owner is told of it.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "ip/packets.h"
#include "pump/packet_pump.h"

namespace wring {

// Used by the one thread that runs the pump.
class FailedOutput {
 public:
  // `error` is the errno.
  void add(const OutgoingDatagram& datagram, int error) { sends_.push_back({datagram, error}); }
  void add(std::span<const iovec> parts, int error) { writes_.push_back({parts, error}); }
  [[nodiscard]] std::size_t count() const { return sends_.size() + writes_.size(); }
  [[nodiscard]] bool empty() const { return count() == 0; }

  // Tells `errors` of everything, then calls `flush`, which hands out what `errors` queued in
  // answer. That may fail in turn, so this is repeated; what still fails after kMaxRounds is
  // given up, so that it ends.
  template <typename Flush>
  void report(OutputErrors& errors, Flush flush) {
    for (int round = 0; round < kMaxRounds && !empty(); ++round) {
      for (const FailedWrite& failed : std::exchange(writes_, {}))
        errors.on_write_error(failed.parts, failed.error);
      for (const FailedSend& failed : std::exchange(sends_, {}))
        errors.on_send_error(failed.datagram, failed.error);
      flush();
    }
    sends_.clear();
    writes_.clear();
  }

 private:
  static constexpr int kMaxRounds = 4;
  struct FailedSend {
    OutgoingDatagram datagram;
    int error;
  };
  struct FailedWrite {
    std::span<const iovec> parts;
    int error;
  };
  std::vector<FailedSend> sends_;
  std::vector<FailedWrite> writes_;
};

}  // namespace wring
