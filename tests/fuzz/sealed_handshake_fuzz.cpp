// Handshake messages that were sealed rightly and then changed, under a MAC that is right for what
// they became: whatever the change, the receiver's peer stays as it was (P12), and without one it
// moves, if the stamp and the pace of P5 allow it.
#include <cstdlib>

#include "fuzz_input.h"
#include "tests/sim/peer_state.h"
#include "tests/sim/rig.h"
#include "tests/support/whole_handshake.h"

using namespace wring;
using namespace wring::test;
using namespace std::chrono_literals;

namespace {

constexpr int kMaxSteps = 12;

void require(bool holds) {
  if (!holds) std::abort();
}

class Exchange {
 public:
  explicit Exchange(fuzz::Input input) : input_(input) {
    net_.simulation.network().cut(true);  // so that only what is made here arrives
    net_.a.send_data(net_.b);
  }
  void run() {
    for (int step = 0; step < kMaxSteps && !input_.empty(); ++step) {
      switch (input_.byte() % 4) {
        case 0:
          initiation();
          break;
        case 1:
          response();
          break;
        case 2:
          cookie_reply();
          break;
        default:
          net_.simulation.run_for(input_.byte() * 7ms);
      }
      require(net_.a.violations().empty() && net_.b.violations().empty());
    }
  }

 private:
  // Changes bytes from `first` on, up to the MACs; false if that left it as it was.
  template <typename Message>
  bool change(Message& message, std::size_t first) {
    auto bytes = std::bit_cast<Bytes<sizeof(Message)>>(message);
    const std::size_t last = sizeof message - 32;
    for (const std::uint8_t mask : input_.bytes(input_.byte() % 8U))
      bytes[first + input_.byte() % (last - first)] ^= mask;
    const bool changed = bytes != std::bit_cast<Bytes<sizeof(Message)>>(message);
    message = std::bit_cast<Message>(bytes);
    return changed;
  }
  template <typename Message>
  void deliver(Message message, SimulatedPeerHost& to) {
    Datagram datagram;
    datagram.payload.resize(sizeof message);
    store(datagram.payload, message);
    MacStamper(to.public_key()).stamp(datagram.payload, net_.simulation.now());
    datagram.from = address_of("203.0.113.66:666");
    to.receive(datagram);
  }

  void initiation() {
    const LocalIdentity& from = *net_.a.device().identity();
    const Tai64n stamp{input_.array<12>()};
    auto made = initiate(from, net_.b.public_key(), agree_with(from, net_.b.public_key()).value(),
                         SessionIndex{7}, stamp, net_.simulation.rng());
    const bool changed = change(made->message, offsetof(InitiationMessage, ephemeral));
    DevicePeer& peer = net_.a_at_b();
    const auto& last = peer.last_initiation_consumed;
    const bool in_time = !last || net_.simulation.now() - *last >= 20ms;
    const bool taken = !changed && in_time && stamp > peer.latest_timestamp_received;
    const PeerState before(peer);
    deliver(made->message, net_.b);
    require(taken ? peer.latest_timestamp_received == stamp && peer.keypairs.next() != before.next
                  : PeerState(peer) == before);
  }

  // b answers a's initiation, if one is under way.
  void response() {
    DevicePeer& peer = net_.b_at_a();
    if (!peer.sent_initiation) return;
    const auto sent = net_.sent_by(net_.a, MessageType::kInitiation);
    const auto initiation = load<InitiationMessage>(sent.back().payload);
    const LocalIdentity& from = *net_.b.device().identity();
    auto received =
        authenticate_initiation(identify_initiator(from, initiation).value(), initiation,
                                agree_with(from, net_.a.public_key()).value());
    auto made = respond(std::move(received.value()), PresharedKey(), SessionIndex{input_.byte()},
                        net_.simulation.rng());
    const bool changed = change(made->message, offsetof(ResponseMessage, receiver));
    const PeerState before(peer);
    deliver(made->message, net_.a);
    require(changed ? PeerState(peer) == before
                    : !peer.sent_initiation && peer.keypairs.current() != before.current);
  }

  // b asks for a cookie; a's next initiation bears it if the reply was taken, and only then.
  void cookie_reply() {
    DevicePeer& peer = net_.b_at_a();
    const auto sent = net_.sent_by(net_.a, MessageType::kInitiation);
    if (!peer.sent_initiation || sent.empty() || cookie_taken_) return;
    MacChecker checker(net_.b.public_key());
    CookieReplyMessage reply =
        checker.make_reply(sent.back().payload, Bytes<6>{}, peer.sent_initiation->local_index,
                           net_.simulation.now(), net_.simulation.rng());
    auto bytes = std::bit_cast<Bytes<sizeof reply>>(reply);
    const std::uint8_t mask = input_.byte();
    bytes[4 + input_.byte() % (sizeof reply - 4)] ^= mask;
    const PeerState before(peer);
    Datagram datagram;
    datagram.payload.assign(bytes.begin(), bytes.end());
    datagram.from = address_of("203.0.113.66:666");
    const std::uint64_t refused = net_.a.drops(DropReason::kCookieUnsolicited);
    net_.a.receive(datagram);
    require(PeerState(peer) == before);  // the endpoint above all (P28)
    cookie_taken_ = mask == 0;
    require(net_.a.drops(DropReason::kCookieUnsolicited) == refused + (mask == 0 ? 0 : 1));
  }

  fuzz::Input input_;
  TwoHosts net_{4};
  bool cookie_taken_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Exchange(fuzz::Input(data, size)).run();
  return 0;
}
