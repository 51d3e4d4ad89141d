// Puts names to what the workers were started with.
#include "daemon/describe_engine.h"

#include <pthread.h>

#include "daemon/processor_time.h"

namespace wring {
namespace {

std::string name_of(const Offloads& offloads) {
  std::string names;
  const auto add = [&](bool there, const char* name) {
    if (there) names.append(names.empty() ? "" : ",").append(name);
  };
  add(offloads.join, "tun");
  add(offloads.join_udp, "tun-udp");
  add(offloads.udp, "udp");
  return names.empty() ? "none" : names;
}

}  // namespace

void describe_workers(const Worker& one, unsigned workers, const Offloads& offloads,
                      EngineDescription& engine) {
  engine.workers = workers;
  engine.offloads = name_of(offloads);
  engine.cipher = one.cipher();
}

void count_threads(std::span<const std::unique_ptr<Worker>> workers, const HandshakePool& pool,
                   EngineCounts& counts) {
  for (const auto& worker : workers) {
    worker->packet_batches().add_to(counts.packet_batches);
    worker->datagram_batches().add_to(counts.datagram_batches);
    counts.worker_ns.push_back(worker->processor_ns());
  }
  counts.handshake_threads_ns = pool.processor_ns();
  counts.control_ns = processor_ns(pthread_self());
}

}  // namespace wring
