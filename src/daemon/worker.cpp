// A packet thread: waits for input, seals and opens it, and hands it back to the kernel.
#include "daemon/worker.h"

#include <pthread.h>
#include <sched.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include "base/rcu.h"
#include "daemon/peer_name.h"
#include "daemon/processor_time.h"
#include "process/confinement.h"

namespace wring {
namespace {

// True if the kernel may have refused a write because it is a joined one. Where the interface is
// down (EIO) or gone (EBADFD), or memory is short, single packets fare no better.
bool blames_joining(int error) {
  return error == EINVAL || error == EMSGSIZE || error == EOPNOTSUPP;
}

}  // namespace

Worker::Worker(SharedState& shared, const Clock& clock, const Wakeup& control, unsigned index,
               const Offloads& offloads, std::optional<AeadBackend> cipher, LoggedOnce& logged)
    : shared_(shared),
      clock_(clock),
      control_(control),
      index_(index),
      has_vnet_header_(offloads.vnet_header),
      logged_(logged),
      outbound_(shared, make_aead_engine(cipher), offloads.udp),
      send_failures_(outbound_, shared.drops, logged),
      inbound_(shared, handshakes_, make_aead_engine(cipher)) {
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
    const MutexLock lock(pump_mutex_);
    stopping_.store(true, std::memory_order_relaxed);
    pump_->wake();
  }
  thread_.join();
}

std::uint64_t Worker::processor_ns() {
  return thread_.joinable() ? wring::processor_ns(thread_.native_handle()) : 0;
}

void Worker::set_sockets(std::shared_ptr<const UdpSockets> sockets) {
  pump_->set_sockets(std::move(sockets));
}

// The pump reports failures within wait(), during which the thread is offline.
void Worker::on_send_error(const OutgoingDatagram& datagram, int error) {
  reader_->online();
  send_failures_.take(datagram, error, *pump_);
  reader_->offline();
  if (outbound_.take_wake()) control_.notify();
}

void Worker::on_write_error(std::span<const iovec> parts, int error) {
  packets_apart_.clear();
  const WriteKind kind = has_vnet_header_ ? kind_of(parts) : WriteKind::kSingle;
  if (kind != WriteKind::kSingle && blames_joining(error)) {
    stop_joining(kind, error);
    take_apart(parts, apart_, packets_apart_);
  }
  if (packets_apart_.empty()) {
    return shared_.drops.add(DropReason::kTunWriteError, packets_in(parts, has_vnet_header_));
  }
  for (const MutByteSpan packet : packets_apart_) {
    written_apart_.push_back({iovec{&plain_, sizeof plain_}, iovec{packet.data(), packet.size()}});
    pump_->write_packet(written_apart_.back());
  }
}

void Worker::on_unreadable_packet() {
  shared_.drops.add(DropReason::kMalformedOutgoing);
}

void Worker::stop_joining(WriteKind kind, int error) {
  const bool tcp = kind == WriteKind::kTcp;
  if (coalescer_) tcp ? coalescer_->stop_joining_tcp() : coalescer_->stop_joining_udp();
  std::atomic_flag& logged = tcp ? logged_.tcp_not_joined : logged_.udp_not_joined;
  if (logged.test_and_set(std::memory_order_relaxed)) return;
  spdlog::warn("the TUN refuses joined {} packets ({}): from now on they are written one by one",
               tcp ? "TCP" : "UDP", std::generic_category().message(error));
}

void Worker::log_loop(const Outbound::Loop& loop) {
  if (!logged_.looping.add(loop.endpoint)) return;
  if (loop.own) {
    spdlog::warn(
        "the route to the endpoint {} of peer {} leads into the tunnel itself, so that nothing is "
        "sent to it; add a route to it over another interface, or set a fwmark and a rule for it",
        to_string(loop.endpoint), short_name(loop.peer));
  } else {
    spdlog::warn(
        "messages of too many tunnels in each other are dropped on the way to the endpoint {} of "
        "peer {}: the routes to the endpoints of two tunnels probably lead into each other",
        to_string(loop.endpoint), short_name(loop.peer));
  }
}

void Worker::write_packets(std::span<const InnerPacket> packets) {
  if (coalescer_) {
    for (const TunWrite& write : coalescer_->coalesce(packets))
      pump_->write_packet(write.parts);
    return;
  }
  for (const InnerPacket& packet : packets)
    write_alone(packet.bytes);
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
    if (!uplink.wants_update()) continue;
    const SocketFill fill = pump_->fill(v4);
    uplink.update(fill.queued, fill.limit);
  }
  return outbound_.process(packets, now);
}

void Worker::run() {
  RcuReader reader;
  reader_ = &reader;
  while (!stopping_.load(std::memory_order_relaxed)) {
    // What is queued points into the pump's and the batches' own memory, so that no reference to
    // shared objects is held while the thread sleeps.
    reader.offline();
    const PacketPump::Input input = pump_->wait();
    reader.online();
    apart_.clear();
    written_apart_.clear();
    packet_batches_.add(input.packets.size());
    datagram_batches_.add(input.datagrams.size());

    const TimePoint now = clock_.now();
    // Without packets, what the latest batch made stays: what is unsent points to it.
    Outbound::Batch sealed;
    if (!input.packets.empty()) {
      send_failures_.conclude();
      sealed = process_packets(input.packets, now);
    }
    for (const OutgoingDatagram& datagram : sealed.datagrams)
      pump_->send(datagram);
    if (sealed.loop != nullptr) log_loop(*sealed.loop);
    Inbound::Batch opened;
    if (!input.datagrams.empty()) opened = inbound_.process(input.datagrams, now);
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
  const MutexLock lock(pump_mutex_);
  pump_.reset();
}

}  // namespace wring
