// Any datagram from anywhere, to a host with a live session and to one that waits for a response:
// nothing comes out of the tunnel, nobody is answered, and the peer is as it was.
#include <cstdlib>

#include "tests/sim/peer_state.h"
#include "tests/sim/rig.h"

using namespace wring::test;

static TwoHosts& with_session() {
  static TwoHosts& made = *new TwoHosts(1);
  if (made.delivered() == 0) made.make_session();
  return made;
}

static TwoHosts& with_half_done_handshake() {
  static TwoHosts& made = *new TwoHosts(2);
  if (!made.a_at_b().sent_initiation) {
    made.simulation.network().cut(true);
    made.b.send_data(made.a);
    made.forget();
  }
  return made;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (TwoHosts* net : {&with_session(), &with_half_done_handshake()}) {
    const PeerState before(net->a_at_b());
    const std::uint64_t delivered = net->delivered();
    Datagram datagram;
    datagram.from = address_of("203.0.113.66:666");
    datagram.payload.assign(data, data + size);
    net->b.receive(datagram);
    if (!(before == PeerState(net->a_at_b()))) std::abort();
    if (net->delivered() != delivered || !net->b.violations().empty()) std::abort();
    if (!net->simulation.network().log().empty()) std::abort();
  }
  return 0;
}
