// What a worker does about datagrams that the kernel refused: sends them again in another way where
// that may help, and remembers why. See docs/decisions/0027-refused-output.md.
#pragma once

#include <deque>
#include <vector>

#include "base/drop_reason.h"
#include "daemon/logged_endpoints.h"
#include "dataplane/outbound.h"
#include "ip/packets.h"
#include "pump/packet_pump.h"

namespace wring {

// One per worker, on its thread.
class SendFailures {
 public:
  SendFailures(Outbound& outbound, DropCounters& drops, LoggedOnce& logged)
      : outbound_(outbound), drops_(drops), logged_(logged) {}

  // `datagram` is of the latest batch, or one that this object queued in answer to an earlier
  // failure; `error` is the errno. May queue output in the pump. The thread is online under RCU.
  void take(const OutgoingDatagram& datagram, int error, PacketPump& pump);
  // The pump has reported all failures of the batch. Now they are remembered and logged.
  // Before the next Outbound::process(). The thread is online under RCU.
  void conclude();

 private:
  // A row that the kernel may have refused because it is a row.
  struct RefusedRow {
    const Endpoint* to;
    std::uint32_t segment_size;
    int error;
  };
  struct WithoutSource {
    Endpoint to;
    const Endpoint* original;  // of the batch
  };

  void send_apart(const OutgoingDatagram& datagram, const Endpoint& to, PacketPump& pump);
  const Endpoint& without_source(const Endpoint& endpoint);
  [[nodiscard]] const Endpoint& original(const Endpoint& endpoint) const;

  Outbound& outbound_;
  DropCounters& drops_;
  LoggedOnce& logged_;
  std::vector<RefusedRow> refused_rows_;
  std::deque<WithoutSource> without_source_;  // a deque: what is queued points into it
};

}  // namespace wring
