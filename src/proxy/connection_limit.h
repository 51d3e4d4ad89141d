// How many connections a proxy may have at once.
#pragma once

#include <cstddef>

namespace wring::proxy {

// As many as the limit of descriptors allows, which is raised as far as it can be.
[[nodiscard]] std::size_t most_connections();

}  // namespace wring::proxy
