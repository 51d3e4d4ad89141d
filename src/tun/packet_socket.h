// Checks and sets up one packet socket that was handed in.
#pragma once

#include "base/result.h"
#include "io/packet_frames.h"

namespace wring {

// Where a packet socket is bound to.
struct PacketBinding {
  int ifindex = 0;
  MacAddress address{};  // of that interface
};

// Whether `fd` is what a pump needs: AF_PACKET, SOCK_RAW, bound to an interface of Ethernet and to
// all protocols. The error says what is wrong.
[[nodiscard]] Result<PacketBinding> check_packet_socket(int fd);

// Makes it non-blocking, with a VnetHeader in front of each packet, without what it sends itself,
// and with room for packets of a reader that is late.
[[nodiscard]] Result<void> set_up_packet_socket(int fd);

// Whether this kernel takes UDP packets that stand for many (Linux 6.2). It sends one that goes to
// nobody. Error: ENETDOWN if the far end is down.
[[nodiscard]] Result<bool> takes_udp_segmentation(int fd);

}  // namespace wring
