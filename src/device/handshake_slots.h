// How many handshakes are computed at a time.
#pragma once

#include <cassert>
#include <cstddef>

#include "device/handshake_job.h"
#include "peer/protocol_constants.h"

namespace wring {

// Initiations of others may not take all slots: under a flood of them there is room for the
// handshakes that we begin, and for the answers to them
// (docs/decisions/0025-handshakes-under-attack.md). Control thread only.
class HandshakeSlots {
 public:
  [[nodiscard]] bool has_room() const { return taken_ < kMaxHandshakeJobs; }
  [[nodiscard]] bool has_room_for_initiation() const {
    return answering_ < kMaxAnsweringJobs && has_room();
  }

  // A job may take a slot even if there is no room: one step of a handshake follows another.
  void take(const HandshakeJob& job) {
    ++taken_;
    if (job.answers()) ++answering_;
    assert(answering_ <= taken_);
  }
  void give_back(const HandshakeJob& job) {
    assert(taken_ != 0 && (!job.answers() || answering_ != 0));
    --taken_;
    if (job.answers()) --answering_;
  }

 private:
  std::size_t taken_ = 0;
  std::size_t answering_ = 0;  // of these, those that work on an initiation of a peer
};

}  // namespace wring
