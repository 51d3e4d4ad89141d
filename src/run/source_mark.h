// net.ipv4.conf.all.src_valid_mark, which a default route through a tunnel may need.
#pragma once

#include <string>

namespace wring::run {

// Has the kernel look at the mark where it checks sources of IPv4 packets. Without it, a strict
// check drops the answers to the tunnel's own datagrams. Returns a line for people if it could not
// be set and matters; else nothing. `folder` is that of the interfaces' settings.
[[nodiscard]] std::string use_marks_in_source_checks(
    const std::string& folder = "/proc/sys/net/ipv4/conf");

}  // namespace wring::run
