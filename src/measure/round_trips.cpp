// Sends echoes one after the other.
#include "measure/round_trips.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "measure/sockets.h"
#include "measure/wire.h"

namespace wring::measure {

Result<RoundTrips> RoundTrips::open(const Endpoint& server) {
  UniqueFd socket = open_socket(server, SOCK_DGRAM);
  if (!socket || connect(socket.get(), &server.remote.any, server.remote_size()) != 0) {
    return system_failure("cannot send to " + to_string(server), errno);
  }
  return RoundTrips(std::move(socket));
}

Result<Duration> RoundTrips::median(Duration length) const {
  constexpr std::chrono::milliseconds kPause{5};
  constexpr std::chrono::milliseconds kEchoWait{1000};
  constexpr std::chrono::seconds kFirstEcho{6};
  const SystemClock clock;
  bound_waits(socket_.get(), kEchoWait);
  std::vector<Duration> all;
  DatagramHeader header;
  header.kind = static_cast<std::uint8_t>(DatagramKind::kEcho);
  Bytes<kDatagramSize> datagram{};
  const TimePoint end = clock.now() + length;
  bool refused = false;
  const auto goes_on = [&] {
    return clock.now() < (all.empty() && !refused ? end + kFirstEcho : end);
  };
  for (std::uint64_t number = 1; goes_on(); ++number) {
    header.number = number;
    store(MutByteSpan(datagram), header);
    const TimePoint sent = clock.now();
    static_cast<void>(send(socket_.get(), datagram.data(), datagram.size(), 0));
    Bytes<kDatagramSize> answer{};
    // One that was late is not taken for the next.
    ssize_t size = 0;
    while (goes_on() && (size = recv(socket_.get(), answer.data(), answer.size(), 0)) > 0) {
      if (load<DatagramHeader>(answer).number != number) continue;
      all.push_back(clock.now() - sent);
      break;
    }
    refused = size < 0 && errno == ECONNREFUSED;
    std::this_thread::sleep_for(kPause);
  }
  if (all.empty()) return failure("no echo came back; look at the other end, or at a firewall");
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::nth_element(all.begin(), middle, all.end());
  return *middle;
}

}  // namespace wring::measure
