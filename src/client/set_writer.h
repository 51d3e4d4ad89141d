// Writes a `set=1` request of https://www.wireguard.com/xplatform/. Pure.
#pragma once

#include <functional>

#include "base/result.h"
#include "control/text_buffer.h"
#include "device/configurable.h"

namespace wring::client {

// Writes the change into `out`, blank line included. Calls `flush`, which is to consume what is
// pending, whenever `out` is nearly full and once at the end. Stops at its first error and returns
// it. `out` has room for 512 bytes at least.
[[nodiscard]] Result<void> write_set(const ConfigChange& change, TextBuffer& out,
                                     const std::function<Result<void>()>& flush);

}  // namespace wring::client
