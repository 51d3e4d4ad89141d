// Writes commands of nftables, and runs them by libnftables.
#include "run/firewall.h"

#include <fmt/format.h>
#include <nftables/libnftables.h>

#include <cctype>
#include <memory>

namespace wring::run {
namespace {

const char* family_of(IpVersion version) {
  return version == IpVersion::kV4 ? "ip" : "ip6";
}

// What is there of that name goes, in the same step as what may follow. A table that is not there
// cannot be deleted, and one that is there can be added.
std::string no_table(const std::string& family, const std::string& interface) {
  return fmt::format("add table {0} wg-quick-{1}\ndelete table {0} wg-quick-{1}\n", family,
                     interface);
}

struct FreeContext {
  void operator()(nft_ctx* context) const { nft_ctx_free(context); }
};

}  // namespace

std::string protection(const std::string& interface, IpVersion version,
                       const std::vector<IpAddress>& addresses, std::uint32_t mark) {
  const char* const family = family_of(version);
  std::string drops;
  for (const IpAddress& address : addresses) {
    if (address.version != version) continue;
    drops += fmt::format("    iifname != \"{}\" {} daddr {} fib saddr type != local drop\n",
                         interface, family, to_string(address));
  }
  return no_table(family, interface) +
         fmt::format(
             "table {0} wg-quick-{1} {{\n"
             "  chain preraw {{\n    type filter hook prerouting priority -300;\n{2}  }}\n"
             "  chain premangle {{\n    type filter hook prerouting priority -150;\n"
             "    meta l4proto udp meta mark set ct mark\n  }}\n"
             "  chain postmangle {{\n    type filter hook postrouting priority -150;\n"
             "    meta l4proto udp meta mark {3} ct mark set meta mark\n  }}\n}}\n",
             family, interface, drops, mark);
}

std::string no_protection(const std::string& interface, IpVersion version) {
  return no_table(family_of(version), interface);
}

std::string gateway_rules(const std::string& interface, const Gateway& gateway) {
  std::string chains;
  if (!gateway.masquerade.empty()) {
    chains += fmt::format(
        "  chain postnat {{\n    type nat hook postrouting priority 100;\n"
        "    iifname \"{}\" oifname \"{}\" masquerade\n  }}\n",
        interface, gateway.masquerade);
  }
  if (gateway.clamp_mss) {
    // "rt mtu" is the lesser one of both directions, and a size that is less already stays.
    chains += "  chain forward {\n    type filter hook forward priority -150;\n";
    for (const char* const side : {"iifname", "oifname"}) {
      chains += fmt::format(
          "    {} \"{}\" tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu\n", side,
          interface);
    }
    chains += "  }\n";
  }
  return no_table("inet", interface) +
         fmt::format("table inet wg-quick-{} {{\n{}}}\n", interface, chains);
}

std::string no_gateway(const std::string& interface) {
  return no_table("inet", interface);
}

Result<void> run_nft(const std::string& commands) {
  const std::unique_ptr<nft_ctx, FreeContext> context(nft_ctx_new(NFT_CTX_DEFAULT));
  if (!context) return failure("cannot use nftables: no memory");
  nft_ctx_buffer_output(context.get());
  nft_ctx_buffer_error(context.get());
  if (nft_run_cmd_from_buffer(context.get(), commands.c_str()) == 0) return {};
  std::string why = nft_ctx_get_error_buffer(context.get());
  why = why.substr(0, why.find('\n'));
  return failure("cannot change the tables of nftables: " + why);
}

}  // namespace wring::run
