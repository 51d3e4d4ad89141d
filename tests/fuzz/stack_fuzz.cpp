// What a peer sends to a TCP/IP stack behind a tunnel, between what the relay does: packets of any
// kind, and segments of connections that are near what is expected. Of each connection the relay
// gets the bytes of its stream, in order, and nothing else.
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>

#include "fuzz_input.h"
#include "stack_rig.h"

using namespace wring;

namespace {

std::int32_t near(fuzz::Input& input) {
  return static_cast<std::int32_t>(input.byte()) * (input.byte() % 8 == 0 ? 257 : 1) - 8;
}

void send_segment(fuzz::StackRig& rig, fuzz::Input& input) {
  const fuzz::Connection* const at = rig.connection(input.byte());
  if (at == nullptr || at->port == 0) return;
  const std::int32_t offset = near(input);
  const std::int32_t acknowledged = near(input) + 8 > 200 ? 1 : 0;
  const std::uint16_t flags = input.byte();
  const std::uint16_t window = load<std::uint16_t>(input.array<2>());
  const std::size_t payload = input.byte() * (flags % 3 == 0 ? 100U : 1U);
  rig.segment(*at, offset, acknowledged, flags, window, offset < 0 ? 0 : payload,
              input.bytes(input.byte() % 41U));
}

void act(fuzz::StackRig& rig, fuzz::Input& input) {
  const std::uint8_t choice = input.byte();
  fuzz::Connection* const at = rig.connection(choice >> 4U);
  switch (choice & 7U) {
    case 0:
      return rig.input(input.bytes(input.byte() + (input.byte() & 3U) * 256U));
    case 1:
      return rig.connect();
    case 2:
      return rig.turn(1U + input.byte() % 64U);
    case 3:
      if (at != nullptr) rig.read(*at);
      return;
    case 4:
      if (at != nullptr && at->relay) fuzz::StackRig::write(*at, input.byte() * 64U);
      return rig.turn(0);
    case 5:
      if (at != nullptr && (choice & 8U) != 0) shutdown(at->relay.get(), SHUT_WR);
      if (at != nullptr && (choice & 8U) == 0) at->relay.reset();
      return rig.turn(0);
    default:
      return send_segment(rig, input);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::StackRig rig;
  fuzz::Input input(data, size);
  // A connection is there from the beginning, so that most of what follows has one.
  rig.connect();
  if (const fuzz::Connection* const first = rig.connection(0)) {
    rig.segment(*first, 0, 0, 0x12, 65535, 0, {});
  }
  constexpr int kMost = 512;
  for (int i = 0; i < kMost && !input.empty(); ++i)
    act(rig, input);
  return 0;
}
