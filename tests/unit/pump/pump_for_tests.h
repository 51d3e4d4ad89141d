// A pump with its sockets, and what a test wants to see of it.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/udp_sockets.h"
#include "pump/epoll_pump.h"
#include "pump/uring_pump.h"

namespace wring::test {

class RecordedErrors final : public OutputErrors {
 public:
  void on_send_error(const OutgoingDatagram& datagram, int error) override {
    seen.emplace_back(datagram.payload.size(), error);
    if (retry_without_source == nullptr) return;
    *retry_to = *datagram.to;
    retry_to->clear_source();
    std::exchange(retry_without_source, nullptr)
        ->send({datagram.payload, retry_to.get(), datagram.tos});
  }
  void on_write_error(std::span<const iovec> parts, int error) override {
    refused_writes.emplace_back(parts.size(), error);
    PacketPump* const pump = std::exchange(write_parts_apart, nullptr);
    for (const iovec& part : parts) {
      if (pump != nullptr) pump->write_packet({&part, 1});
    }
  }
  void on_unreadable_packet() override { ++unreadable_packets; }

  unsigned unreadable_packets = 0;
  std::vector<std::pair<std::size_t, int>> seen;            // size of the payload, errno
  std::vector<std::pair<std::size_t, int>> refused_writes;  // number of parts, errno
  PacketPump* write_parts_apart = nullptr;  // set: each part of the first one is written by itself
  PacketPump* retry_without_source = nullptr;  // set: the first datagram is sent once more
  std::unique_ptr<Endpoint> retry_to = std::make_unique<Endpoint>();
};

// What drives a pump. The same is asked of all.
enum class Driver { kUring, kUringAndPoll, kEpoll };

inline std::string name_of(const testing::TestParamInfo<Driver>& driver) {
  static constexpr const char* kNames[] = {"uring", "uring_and_poll", "epoll"};
  return kNames[static_cast<unsigned>(driver.param)];
}

inline Result<std::unique_ptr<PacketPump>> make_pump_on(Driver driver, const TunQueue& queue,
                                                        OutputErrors& errors) {
  if (driver == Driver::kEpoll) return EpollPump::create(queue, 0, errors);
  return UringPump::create(
      queue, 0, errors,
      driver == Driver::kUring ? UringPump::TunReads::kMultishot : UringPump::TunReads::kPoll);
}

inline Result<std::unique_ptr<PacketPump>> make_pump_on(Driver driver, int tun_fd,
                                                        OutputErrors& errors,
                                                        bool vnet_header = false) {
  return make_pump_on(driver, TunQueue{tun_fd, vnet_header}, errors);
}

// A pump whose TUN is one end of a pair of datagram sockets: packets go in and out at the other.
class PumpOnPair {
 protected:
  void open_pump(Driver driver) {
    int pair[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    tun_.reset(pair[0]);
    far_.reset(pair[1]);
    auto pump = make_pump_on(driver, tun_.get(), errors_);
    ASSERT_TRUE(pump) << pump.error().message;
    pump_ = std::move(*pump);
  }
  // Hands out what is queued, and takes what has come in.
  PacketPump::Input turn() {
    pump_->wake();
    return pump_->wait();
  }

  RecordedErrors errors_;
  UniqueFd tun_;
  UniqueFd far_;
  std::unique_ptr<PacketPump> pump_;
};

// With sockets.
class PumpTest : public testing::TestWithParam<Driver>, protected PumpOnPair {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(open_pump(GetParam()));
    open_sockets();
  }
  void open_sockets() {
    auto sockets = UdpSockets::open(0, 0, 1);
    ASSERT_TRUE(sockets) << sockets.error().message;
    sockets_ = std::move(*sockets);
    pump_->set_sockets(sockets_);
    EXPECT_TRUE(pump_->wait().datagrams.empty());  // returns because it was woken
  }

  std::shared_ptr<const UdpSockets> sockets_;
};

}  // namespace wring::test
