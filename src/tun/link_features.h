// What the kernel may leave to the far end of a veth pair: checksums, and splitting large packets.
#pragma once

#include <string>

#include "base/result.h"

namespace wring {

// Which packets may be passed that stand for many.
struct LargePackets {
  bool tcp = false;
  bool udp = false;
};

// Keeps the interface `name` from sending what a VnetHeader cannot say: packets of tunnels that are
// to be split, and SCTP without its checksum. Of large TCP and UDP packets it sends those of
// `large`. `socket` is any socket in the interface's network namespace. It takes CAP_NET_ADMIN over
// that namespace, which the owner of its user namespace has outside of it. Control thread.
Result<void> limit_features(int socket, const std::string& name, LargePackets large);

}  // namespace wring
