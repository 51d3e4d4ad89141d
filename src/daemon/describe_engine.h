// Says how this process carries packets.
#pragma once

#include <memory>
#include <span>

#include "daemon/handshake_pool.h"
#include "daemon/worker.h"
#include "device/engine_counts.h"
#include "device/engine_description.h"

namespace wring {

// Fills in what the workers do; the pump and the version are left as they are.
void describe_workers(const Worker& one, unsigned workers, const Offloads& offloads,
                      EngineDescription& engine);

// Adds what the workers and the threads of the pool count, and the processor time of all threads.
// Control thread.
void count_threads(std::span<const std::unique_ptr<Worker>> workers, const HandshakePool& pool,
                   EngineCounts& counts);

}  // namespace wring
