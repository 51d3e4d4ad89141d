// Sends datagrams in batches, and asks how many arrived.
#include "measure/small_packets.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

#include "base/rng.h"
#include "measure/sockets.h"
#include "measure/wire.h"

namespace wring::measure {
namespace {

Bytes<kDatagramSize> datagram_of(DatagramKind kind, std::uint64_t run) {
  DatagramHeader header;
  header.kind = static_cast<std::uint8_t>(kind);
  header.run = run;
  Bytes<kDatagramSize> datagram{};
  store(MutByteSpan(datagram), header);
  return datagram;
}

// The count may be asked for before the last datagrams are in: it is asked for until it stays.
Result<std::uint64_t> ask_count(int socket, std::uint64_t run) {
  constexpr int kAttempts = 20;
  constexpr std::chrono::milliseconds kWait{250};
  const auto question = datagram_of(DatagramKind::kQuestion, run);
  bound_waits(socket, kWait);
  std::uint64_t count = 0;
  bool known = false;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    static_cast<void>(send(socket, question.data(), question.size(), 0));
    Count answer;
    if (recv(socket, &answer, sizeof answer, 0) != sizeof answer || answer.run != run) continue;
    if (known && answer.count == count) return count;
    count = answer.count;
    known = true;
    std::this_thread::sleep_for(kWait / 5);
  }
  if (known) return count;
  return failure("the other end does not say how many datagrams came");
}

}  // namespace

Result<double> small_packets(const Endpoint& server, Duration length) {
  constexpr std::size_t kBatch = 64;
  const UniqueFd socket = open_socket(server, SOCK_DGRAM);
  if (!socket || connect(socket.get(), &server.remote.any, server.remote_size()) != 0) {
    return system_failure("cannot send to " + to_string(server), errno);
  }
  SystemRng rng;
  const auto run = load<std::uint64_t>(rng.bytes<8>());
  auto datagram = datagram_of(DatagramKind::kCounted, run);
  iovec part{datagram.data(), datagram.size()};
  std::array<mmsghdr, kBatch> batch{};
  for (mmsghdr& message : batch) {
    message.msg_hdr.msg_iov = &part;
    message.msg_hdr.msg_iovlen = 1;
  }
  const SystemClock clock;
  const TimePoint begin = clock.now();
  // Refusals are losses: they are not counted, because only what arrives is.
  while (clock.now() - begin < length)
    static_cast<void>(sendmmsg(socket.get(), batch.data(), kBatch, 0));
  const double seconds = std::chrono::duration<double>(clock.now() - begin).count();
  const auto count = ask_count(socket.get(), run);
  if (!count) return tl::unexpected(count.error());
  return static_cast<double>(*count) / seconds;
}

}  // namespace wring::measure
