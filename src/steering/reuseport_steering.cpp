#include "steering/reuseport_steering.h"

#include <linux/filter.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace wring {
namespace {

// [WG] 5.4.6: the index follows the type word.
constexpr unsigned kIndexOffset = 4;

}  // namespace

Result<void> steer_by_session_index(int fd, unsigned workers) {
  // Offset 0 is the first byte of the payload. A datagram too short for the load is given to socket
  // 0.
  std::array<sock_filter, 3> program = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kIndexOffset),
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, workers),
      BPF_STMT(BPF_RET | BPF_A, 0),
  }};
  const sock_fprog filter{program.size(), program.data()};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter, sizeof filter) == 0) return {};
  return system_failure("cannot spread the UDP port over the workers", errno);
}

}  // namespace wring
