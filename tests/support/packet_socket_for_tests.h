// A packet socket at the far end of a veth pair, as an engine is handed it.
#pragma once

#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>

#include "base/unique_fd.h"

namespace wring::test {

inline UniqueFd packet_socket_at(const char* interface, int kind = SOCK_RAW,
                                 std::uint16_t protocol = ETH_P_ALL) {
  UniqueFd fd(socket(AF_PACKET, kind | SOCK_CLOEXEC, 0));
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_protocol = htons(protocol);
  to.sll_ifindex = static_cast<int>(if_nametoindex(interface));
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  return fd;
}

}  // namespace wring::test
