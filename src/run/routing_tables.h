// The numbers of routing tables that have names.
#pragma once

#include <string>

#include "base/result.h"

namespace wring::run {

// As `ip` reads /etc/iproute2/rt_tables and the files in rt_tables.d. "main", "local" and "default"
// are known without them. The Error says what to do.
[[nodiscard]] Result<std::uint32_t> number_of_table(const std::string& name,
                                                    const std::string& folder = "/etc/iproute2");

}  // namespace wring::run
