// Which listeners of a changed configuration are those of before. Pure.
#pragma once

#include <vector>

#include "base/result.h"
#include "proxy/counters.h"
#include "proxyconfig/proxy_config.h"

namespace wring::proxy {

// Whether both wait at the same socket, whatever they do with what comes there.
[[nodiscard]] bool wait_at_same_place(const Listener& a, const Listener& b);
// The one of `before` that waits where `one` does. Null: it is a new place.
[[nodiscard]] const Listener* same_in(const std::vector<Listener>& before, const Listener& one);

// Gives those of `after` the places of before, and new ones places where nothing is counted: where
// no listener was, and no connection is open any more. These are set to zero.
[[nodiscard]] Result<void> assign_places(std::vector<Listener>& after,
                                         const std::vector<Listener>& before, Shared& shared);

}  // namespace wring::proxy
