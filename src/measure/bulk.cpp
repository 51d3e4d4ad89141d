// Sends on TCP streams, and asks how much arrived.
#include "measure/bulk.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "measure/sockets.h"
#include "measure/wire.h"

namespace wring::measure {
namespace {

// What arrived of one stream; negative if the other end did not say so.
double send_until(int stream, TimePoint end, const std::function<bool()>& more) {
  constexpr std::size_t kChunk = 256U << 10;
  const std::vector<std::uint8_t> chunk(kChunk, 0x5a);
  const SystemClock clock;
  while (clock.now() < end || more()) {
    if (send(stream, chunk.data(), chunk.size(), MSG_NOSIGNAL) < 0 && errno != EINTR) return -1;
  }
  shutdown(stream, SHUT_WR);
  Count answer;
  if (recv(stream, &answer, sizeof answer, MSG_WAITALL) != sizeof answer) return -1;
  return static_cast<double>(std::uint64_t{answer.count});
}

}  // namespace

Result<BulkSender> BulkSender::open(const Endpoint& server, unsigned streams) {
  BulkSender sender;
  for (unsigned i = 0; i < streams; ++i) {
    UniqueFd stream = open_socket(server, SOCK_STREAM);
    bound_waits(stream.get(), kPatience);
    if (!stream || connect(stream.get(), &server.remote.any, server.remote_size()) != 0) {
      return system_failure("cannot connect to " + to_string(server), errno,
                            "run `wring bench --serve` there, and let its port through");
    }
    sender.streams_.push_back(std::move(stream));
  }
  return sender;
}

Result<Carried> BulkSender::run(Duration length, const std::function<bool()>& more) {
  const SystemClock clock;
  const TimePoint begin = clock.now();
  std::vector<double> carried(streams_.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      threads.emplace_back(
          [&, i] { carried[i] = send_until(streams_[i].get(), begin + length, more); });
    }
  }
  Carried all;
  all.seconds = std::chrono::duration<double>(clock.now() - begin).count();
  for (const double bytes : carried) {
    if (bytes < 0) return failure("a TCP stream broke off; look at the other end");
    all.bytes += bytes;
  }
  return all;
}

}  // namespace wring::measure
