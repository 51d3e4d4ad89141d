// Any datagram from anywhere, to a host with a live session and to one that waits for a response:
// nothing comes out of the tunnel, nobody is answered, and the peer is as it was.
#include <cstdlib>
#include <memory>

#include "tests/sim/peer_state.h"
#include "tests/sim/rig.h"

using namespace wring::test;

// No time passes here, and a host that refuses 4,096 messages with a right mac1 within a second is
// under load, so that it asks for cookies: no hosts see as many.
constexpr int kMaxDatagrams = 4000;

static std::unique_ptr<TwoHosts> with_session() {
  auto made = std::make_unique<TwoHosts>(1);
  made->make_session();
  return made;
}

static std::unique_ptr<TwoHosts> with_half_done_handshake() {
  auto made = std::make_unique<TwoHosts>(2);
  made->simulation.network().cut(true);
  made->b.send_data(made->a);
  made->forget();
  return made;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static std::unique_ptr<TwoHosts> nets[2];
  static int datagrams = 0;
  if (datagrams++ % kMaxDatagrams == 0) {
    nets[0] = with_session();
    nets[1] = with_half_done_handshake();
  }
  for (const std::unique_ptr<TwoHosts>& net : nets) {
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
