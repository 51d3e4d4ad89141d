// A classic BPF program that takes a word of the payload modulo the number of workers.
#include "steering/reuseport_steering.h"

#include <linux/filter.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace wring {

Result<void> steer_by_word(int fd, const SocketSpread& spread) {
  // Offset 0 is the first byte of the payload. A load past its end gives socket 0.
  std::array<sock_filter, 3> program = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, spread.word_at),
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, spread.workers),
      BPF_STMT(BPF_RET | BPF_A, 0),
  }};
  const sock_fprog filter{program.size(), program.data()};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter, sizeof filter) == 0) return {};
  return system_failure("cannot spread the UDP port over the workers", errno);
}

}  // namespace wring
