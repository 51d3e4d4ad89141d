// What this host gives an engine: the interface, io_uring, offloads, buffers and the cipher.
#pragma once

#include <vector>

#include "doctor/finding.h"

namespace wring::doctor {

// Makes an interface, which goes again at once, and a pair of UDP sockets. What the engine would
// do, done by the same code. Needs prepare_crypto().
[[nodiscard]] std::vector<Finding> check_host();

}  // namespace wring::doctor
