// Compares what a client gave with what it should have given.
#pragma once

#include <string_view>
#include <vector>

#include "proxyconfig/proxy_config.h"

namespace wring::proxy {

// Whether they are one of these pairs. Takes a time that tells nothing of where they differ, nor of
// their lengths. Any thread.
[[nodiscard]] bool are_right(const std::vector<Credentials>& pairs, std::string_view username,
                             std::string_view password);

}  // namespace wring::proxy
