// A file of users and passwords.
#pragma once

#include <string_view>
#include <vector>

#include "config/values.h"
#include "proxyconfig/proxy_config.h"

namespace wring::proxy {

inline constexpr std::size_t kMaxUsers = 1024;

// Lines of USER:PASSWORD. Empty lines and those that begin with `#` do not count. The complaint
// holds neither.
[[nodiscard]] config::Read<std::vector<Credentials>> read_credentials(std::string_view text);

}  // namespace wring::proxy
