// net.ipv4.ip_forward and its like, without which a gateway passes nothing on.
#pragma once

#include <string>

namespace wring::run {

// A line for people that says what to set, if packets of the named versions are not passed on here;
// else nothing. `folder` is that of the settings.
[[nodiscard]] std::string missing_forwarding(bool v4, bool v6,
                                             const std::string& folder = "/proc/sys/net");

}  // namespace wring::run
