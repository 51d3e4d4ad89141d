// The CPUs that --cpus names.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"

namespace wring {

// Reads a list such as "0-3,8", as taskset and the kernel write it. Keeps its order. Refuses a CPU
// that is named twice, and one that this process may not run on. The error says which part is
// wrong.
[[nodiscard]] Result<std::vector<unsigned>> parse_cpu_list(std::string_view text);

}  // namespace wring
