// Name servers of a tunnel, by the programs that systems have for it.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "run/plan.h"

namespace wring::run {

// Who is told. kResolvectl: systemd-resolved. kResolvconf: a resolvconf, as wg-quick does it.
enum class DnsProgram : std::uint8_t { kNone, kResolvectl, kResolvconf };

struct DnsTarget {
  DnsProgram program = DnsProgram::kNone;
  std::string name;  // the interface's, by which the program knows the servers
};

// systemd-resolved where it runs, else resolvconf where it is installed.
[[nodiscard]] DnsTarget find_dns(const std::string& interface);
// All names are looked up by these servers. The target's program is not kNone.
[[nodiscard]] Result<void> set_dns(const DnsTarget& target, const SetDns& dns);
// Nothing happens for kNone.
[[nodiscard]] Result<void> unset_dns(const DnsTarget& target);

}  // namespace wring::run
