// The CPUs that --cpus names.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"

namespace wring {

// A list as taskset and the kernel write it, "0-3,8": in the order of the list, each CPU once, and
// only those that this process may run on. The error says which part is wrong.
[[nodiscard]] Result<std::vector<unsigned>> parse_cpu_list(std::string_view text);

}  // namespace wring
