// Reads packets here and writes them there.
#include "measure/copying_pair.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <ctime>
#include <utility>

namespace wring::measure {
namespace {

constexpr std::size_t kLargest = 66U << 10;  // a packet of 64 kB and its header
constexpr int kGlanceMs = 100;

}  // namespace

std::string CopyingPair::address(unsigned host) {
  return "203.0.113." + std::to_string(host + 1);
}

Result<std::unique_ptr<CopyingPair>> CopyingPair::start(const JoinedHosts& hosts) {
  std::unique_ptr<CopyingPair> pair(new CopyingPair);
  for (const unsigned host : {0U, 1U}) {
    hosts.enter(host);
    auto device =
        TunDevice::create("copy" + std::to_string(host), 1, JoinedHosts::kTunnelMtu, true);
    if (!device) return tl::unexpected(device.error());
    if (auto longer = device->lengthen_queue(); !longer) return tl::unexpected(longer.error());
    if (auto up =
            JoinedHosts::set_up_interface(device->name(), address(host), JoinedHosts::kTunnelMtu);
        !up) {
      return tl::unexpected(up.error());
    }
    pair->devices_.push_back(std::move(*device));
  }
  for (const unsigned host : {0U, 1U})
    pair->threads_.emplace_back([made = pair.get(), host] { made->copy(host); });
  return pair;
}

CopyingPair::~CopyingPair() {
  ends_ = true;
  threads_.clear();  // waits for them
}

Duration CopyingPair::cpu_time() const {
  Duration sum{};
  for (const std::jthread& thread : threads_) {
    clockid_t clock{};
    timespec time{};
    // std::jthread's handle is not const only because it may be detached by it.
    const pthread_t handle = const_cast<std::jthread&>(thread).native_handle();
    if (pthread_getcpuclockid(handle, &clock) == 0) clock_gettime(clock, &time);
    sum += std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }
  return sum;
}

void CopyingPair::copy(unsigned from) {
  const int source = devices_[from].queues()[0].get();
  const int sink = devices_[1 - from].queues()[0].get();
  std::vector<std::uint8_t> packet(kLargest);
  while (!ends_) {
    pollfd event{source, POLLIN, 0};
    if (poll(&event, 1, kGlanceMs) <= 0) continue;
    ssize_t size = 0;
    while ((size = read(source, packet.data(), packet.size())) > 0)
      static_cast<void>(!write(sink, packet.data(), static_cast<std::size_t>(size)));
  }
}

}  // namespace wring::measure
