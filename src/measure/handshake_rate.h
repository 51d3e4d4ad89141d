// How many handshakes an engine answers.
#pragma once

#include "base/result.h"
#include "measure/engine_pair.h"

namespace wring::measure {

// Handshakes a second that the engine of host 1 answers to callers in host 0, each with a key of
// its own, 32 of which wait at a time. Enters host 0. Takes `length` at most.
[[nodiscard]] Result<double> handshake_rate(const JoinedHosts& hosts, const EnginePair& engines,
                                            Duration length);

}  // namespace wring::measure
