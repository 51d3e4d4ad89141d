// The batches that pass between a worker, the TUN and the UDP sockets. None of these owns its bytes: each
// says below how long they stay.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "dataplane/endpoint.h"

namespace wring {

// An IP packet read from the TUN, or to be written to it. No link-layer header.
struct TunPacket {
  MutByteSpan bytes;
};

// A UDP datagram as it came from a socket, opened where it lies.
struct ReceivedDatagram {
  MutByteSpan payload;
  Endpoint from;           // remote, and the local address and interface it came to
  std::uint8_t tos = 0;    // outer TOS or traffic class; the low two bits are ECN (P24)
};

// A UDP datagram to be sent. Handshake messages carry DSCP 0x88, data the inner ECN bits only.
struct OutgoingDatagram {
  ByteSpan payload;
  const Endpoint* to = nullptr;
  std::uint8_t tos = 0;
};

}  // namespace wring
