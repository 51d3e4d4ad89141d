#include "daemon/worker.h"

#include <pthread.h>
#include <signal.h>

#include <string>

#include "base/rcu.h"

namespace wring {

Worker::Worker(SharedState& shared, const Clock& clock, const Wakeup& control, unsigned index)
    : shared_(shared),
      clock_(clock),
      control_(control),
      index_(index),
      outbound_(shared),
      inbound_(shared, handshakes_) {}

Worker::~Worker() {
  stop();
}

void Worker::start(std::unique_ptr<PacketPump> pump) {
  pump_ = std::move(pump);
  thread_ = std::thread([this] { run(); });
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true, std::memory_order_relaxed);
  pump_->wake();
  thread_.join();
}

void Worker::set_sockets(std::shared_ptr<const UdpSockets> sockets) {
  {
    const std::lock_guard lock(sockets_mutex_);
    sockets_ = sockets;
  }
  pump_->set_sockets(std::move(sockets));
}

void Worker::on_send_error(const OutgoingDatagram& datagram, int error) {
  if (datagram.to->source_ifindex != 0) {
    // The address that the peer was reached on may have gone: the routing table chooses another,
    // for this datagram and for what follows (P29).
    Endpoint endpoint = *datagram.to;
    endpoint.clear_source();
    outbound_.source_failed(*datagram.to);
    const std::lock_guard lock(sockets_mutex_);
    error =
        sockets_ ? sockets_->send(index_, {datagram.payload, &endpoint, datagram.tos}) : ENETDOWN;
  }
  if (error != 0) shared_.drops.add(DropReason::kSendError);
}

void Worker::run() {
  pthread_setname_np(pthread_self(), ("wring-" + std::to_string(index_)).c_str());
  RcuReader reader;
  while (!stopping_.load(std::memory_order_relaxed)) {
    // What is queued points into the pump's and the batches' own memory, so that no reference to
    // shared objects is held while the thread sleeps.
    reader.offline();
    const PacketPump::Input input = pump_->wait();
    reader.online();

    const TimePoint now = clock_.now();
    const Outbound::Batch sealed = outbound_.process(input.packets, now);
    for (const OutgoingDatagram& datagram : sealed.datagrams)
      pump_->send(datagram);
    const Inbound::Batch opened = inbound_.process(input.datagrams, now);
    parts_.clear();
    for (const auto& packets : {sealed.replies, opened.packets}) {
      for (const ByteSpan packet : packets)
        parts_.push_back({const_cast<std::uint8_t*>(packet.data()), packet.size()});
    }
    for (const iovec& part : parts_)
      pump_->write_tun({&part, 1});

    const std::uint64_t errors = pump_->tun_write_errors();
    if (errors != tun_write_errors_seen_) {
      shared_.drops.add(DropReason::kTunWriteError, errors - tun_write_errors_seen_);
      tun_write_errors_seen_ = errors;
    }
    bool wake = sealed.wake_control || opened.wake_control;
    if (input.tun_gone && !tun_gone_.exchange(true, std::memory_order_relaxed)) wake = true;
    if (wake) control_.notify();
  }
  // Here, on its own thread, the pump can end what is in flight.
  pump_.reset();
}

}  // namespace wring
