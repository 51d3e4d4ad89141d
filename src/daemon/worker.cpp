#include "daemon/worker.h"

#include <pthread.h>
#include <sched.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>

#include "base/rcu.h"
#include "daemon/peer_name.h"
#include "process/confinement.h"

namespace wring {
namespace {

// How long a worker waits for room in a socket when it has to send a row one by one.
constexpr std::chrono::milliseconds kSendPatience{10};

std::size_t segment_size(const OutgoingDatagram& datagram) {
  return datagram.segment_size != 0 ? datagram.segment_size : datagram.payload.size();
}

}  // namespace

Worker::Worker(SharedState& shared, const Clock& clock, const Wakeup& control, unsigned index,
               const Offloads& offloads, LoggedOnce& logged)
    : shared_(shared),
      clock_(clock),
      control_(control),
      index_(index),
      has_vnet_header_(offloads.vnet_header),
      logged_(logged),
      outbound_(shared, make_aead_engine(), offloads.udp),
      inbound_(shared, handshakes_) {
  if (offloads.join) coalescer_.emplace(offloads.join_udp);
}

Worker::~Worker() {
  stop();
}

void Worker::start(std::unique_ptr<PacketPump> pump, Confinement confinement) {
  pump_ = std::move(pump);
  thread_ = std::thread([this, confinement] {
    pthread_setname_np(pthread_self(), ("wring-" + std::to_string(index_)).c_str());
    if (confinement.cpu) bind_to(*confinement.cpu);
    // The control thread takes the same steps and ends the process if one of them fails.
    if (auto done = confine_worker(ThreadRole::kWorker, confinement.filter_system_calls); !done) {
      spdlog::error("{}", done.error().message);
    }
    run();
  });
}

void Worker::bind_to(unsigned cpu) const {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(cpu, &only);
  // The options were checked, so the CPU has gone since; packets pass on any other.
  if (const int error = pthread_setaffinity_np(pthread_self(), sizeof only, &only); error != 0) {
    spdlog::warn("worker {} cannot be bound to CPU {}: {}", index_, cpu,
                 std::generic_category().message(error));
  }
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  {
    // The thread destroys the pump as it ends, perhaps before it was woken for that.
    const std::lock_guard lock(pump_mutex_);
    stopping_.store(true, std::memory_order_relaxed);
    pump_->wake();
  }
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
  Endpoint to = *datagram.to;
  if (is_source_error(error) && to.pins_source()) {
    // The address that the peer was reached on may have gone: the routing table chooses another,
    // for this datagram and for what follows (P29).
    to.clear_source();
    outbound_.source_failed(*datagram.to);
    send_apart(datagram, to);
  } else if (datagram.segment_size != 0 && (error == EIO || error == EINVAL || error == EMSGSIZE)) {
    // A device without checksums (EIO), or a path that is narrower than the tunnel: the kernel
    // takes them one by one, in fragments if need be.
    const std::uint32_t size = error == EIO ? 0 : datagram.segment_size;
    outbound_.joining_failed(*datagram.to, size);
    if (logged_.not_segmented.add(to)) {
      spdlog::info(
          "{}: the kernel does not segment datagrams of {} bytes on this way ({}); sending "
          "them one by one",
          to_string(to), datagram.segment_size, std::generic_category().message(error));
    }
    send_apart(datagram, to);
  } else {
    outbound_.send_failed(*datagram.to);
    const std::size_t each = segment_size(datagram);
    shared_.drops.add(DropReason::kSendError, (datagram.payload.size() + each - 1) / each);
  }
}

void Worker::log_loop(const Outbound::Loop& loop) {
  if (!logged_.looping.add(loop.endpoint)) return;
  if (loop.own) {
    spdlog::warn(
        "the route to the endpoint {} of peer {} leads into the tunnel itself: what is sent to it "
        "is "
        "dropped; add a route to it over another interface, or set a fwmark and a rule for it",
        to_string(loop.endpoint), short_name(loop.peer));
  } else {
    spdlog::warn(
        "messages of too many tunnels in each other are dropped on the way to the endpoint {} of "
        "peer {}: the routes to the endpoints of two tunnels probably lead into each other",
        to_string(loop.endpoint), short_name(loop.peer));
  }
}

void Worker::send_apart(const OutgoingDatagram& datagram, const Endpoint& to) {
  std::shared_ptr<const UdpSockets> sockets;
  {
    const std::lock_guard lock(sockets_mutex_);
    sockets = sockets_;
  }
  std::chrono::milliseconds patience = kSendPatience;
  for (ByteSpan rest = datagram.payload; !rest.empty();) {
    const ByteSpan piece = rest.first(std::min(segment_size(datagram), rest.size()));
    rest = rest.subspan(piece.size());
    const int error =
        sockets ? sockets->send(index_, {piece, &to, datagram.tos}, patience) : ENETDOWN;
    if (error != 0) shared_.drops.add(DropReason::kSendError);
  }
}

void Worker::on_write_error(std::span<const iovec> /*parts*/, int /*error*/) {
  shared_.drops.add(DropReason::kTunWriteError);
}

void Worker::write_packets(std::span<const MutByteSpan> packets) {
  if (coalescer_) {
    for (const TunWrite& write : coalescer_->coalesce(packets))
      pump_->write_packet(write.parts);
    return;
  }
  for (const MutByteSpan packet : packets)
    write_alone(packet);
}

void Worker::write_alone(ByteSpan packet) {
  parts_.push_back({&plain_, sizeof plain_});
  // writev() reads only, whatever its type says.
  parts_.push_back({const_cast<std::uint8_t*>(packet.data()), packet.size()});
  const std::span<const iovec> parts = std::span(parts_).last(2);
  pump_->write_packet(has_vnet_header_ ? parts : parts.last(1));
}

Outbound::Batch Worker::process_packets(std::span<const TunPacket> packets, TimePoint now) {
  for (const bool v4 : {true, false}) {
    UplinkShares& uplink = outbound_.uplink(v4);
    if (!uplink.wants_update() || packets.empty()) continue;
    const SocketFill fill = pump_->fill(v4);
    uplink.update(fill.queued, fill.limit);
  }
  return outbound_.process(packets, now);
}

void Worker::run() {
  RcuReader reader;
  while (!stopping_.load(std::memory_order_relaxed)) {
    // What is queued points into the pump's and the batches' own memory, so that no reference to
    // shared objects is held while the thread sleeps.
    reader.offline();
    const PacketPump::Input input = pump_->wait();
    reader.online();

    const TimePoint now = clock_.now();
    // What is unsent points to what process() made, which must stay until it has left.
    const Outbound::Batch sealed =
        input.unsent ? Outbound::Batch{} : process_packets(input.packets, now);
    for (const OutgoingDatagram& datagram : sealed.datagrams)
      pump_->send(datagram);
    if (sealed.loop != nullptr) log_loop(*sealed.loop);
    const Inbound::Batch opened = inbound_.process(input.datagrams, now);
    // Room for all first: the pump keeps pointers to the parts until its next wait().
    parts_.clear();
    parts_.reserve(2 * (sealed.replies.size() + opened.packets.size()));
    for (const ByteSpan reply : sealed.replies)
      write_alone(reply);
    write_packets(opened.packets);

    bool wake = sealed.wake_control || opened.wake_control;
    if (input.tun_gone && !tun_gone_.exchange(true, std::memory_order_relaxed)) wake = true;
    if (wake) control_.notify();
  }
  // Here, on its own thread, the pump can end what is in flight.
  const std::lock_guard lock(pump_mutex_);
  pump_.reset();
}

}  // namespace wring
