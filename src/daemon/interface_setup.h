// How the interface comes to be, before its workers start.
#pragma once

#include <string>

#include "base/result.h"
#include "tun/tun_device.h"

namespace wring {

// Makes the interface. If a process that held the name has just ended, it waits up to half a second
// for the kernel to let go of it. The error says what to do. Control thread.
Result<TunDevice> create_interface(const std::string& name, unsigned queues, bool offload);

// Sets the queue length, keeps the interface silent, and spreads flows over the workers. Packets
// also pass without any of this, so a refusal is only a line in the log. Control thread, before
// privileges are dropped.
void tune(const TunDevice& tun);

}  // namespace wring
