// How an engine works: for people who look at it, not for the protocol.
#pragma once

#include <string>

namespace wring {

// Empty, or zero: not known.
struct EngineDescription {
  std::string version;   // of wring
  std::string pump;      // "io_uring" or "epoll"
  unsigned workers = 0;  // packet threads
  // What the kernel joins and splits, separated by commas: "tun" (TCP), "tun-udp" (UDP, Linux 6.2)
  // and "udp" (our own datagrams); "none".
  std::string offloads;
  std::string cipher;  // the implementation of ChaCha20-Poly1305: AeadEngine::name()
};

}  // namespace wring
