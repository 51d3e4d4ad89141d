// Runs resolvectl or resolvconf.
#include "run/dns.h"

#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

#include "run/programs.h"

namespace wring::run {
namespace {

constexpr const char* kOrder = "/etc/resolvconf/interface-order";

// What Debian's resolvconf wants before the interface's name, so that its servers come first: the
// first line "PREFIX*" of the file.
std::string resolvconf_prefix() {
  std::error_code error;
  if (std::filesystem::is_symlink(find_program("resolvconf"), error)) return {};
  std::ifstream order(kOrder);
  for (std::string line; std::getline(order, line);) {
    if (line.size() < 2 || line.back() != '*') continue;
    line.pop_back();
    const bool plain = std::ranges::all_of(line, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    });
    if (plain) return line + ".";
  }
  return {};
}

Result<void> expect_success(const std::vector<std::string>& words, std::string_view input = {}) {
  const auto status = run_program(words, input);
  if (!status) return tl::unexpected(status.error());
  if (*status == 0) return {};
  return failure(words.front() + " " + words[1] + " ended with status " + std::to_string(*status));
}

Result<void> set_by_resolvectl(const std::string& interface, const SetDns& dns) {
  std::vector<std::string> servers{"resolvectl", "dns", interface};
  for (const IpAddress& server : dns.servers)
    servers.push_back(to_string(server));
  // "~." has it look all names up by these servers.
  std::vector<std::string> domains{"resolvectl", "domain", interface};
  domains.insert(domains.end(), dns.search.begin(), dns.search.end());
  domains.emplace_back("~.");
  if (auto set = expect_success(servers); !set) return set;
  return expect_success(domains);
}

Result<void> set_by_resolvconf(const std::string& name, const SetDns& dns) {
  std::string text;
  for (const IpAddress& server : dns.servers)
    text += "nameserver " + to_string(server) + "\n";
  if (!dns.search.empty()) {
    text += "search";
    for (const std::string& domain : dns.search)
      text += " " + domain;
    text += "\n";
  }
  return expect_success({"resolvconf", "-a", name, "-m", "0", "-x"}, text);
}

}  // namespace

DnsTarget find_dns(const std::string& interface) {
  // systemd-resolved's socket for programs, which is there while it runs.
  const bool resolved = access("/run/systemd/resolve/io.systemd.Resolve", F_OK) == 0;
  if (resolved && !find_program("resolvectl").empty()) return {DnsProgram::kResolvectl, interface};
  if (!find_program("resolvconf").empty()) {
    return {DnsProgram::kResolvconf, resolvconf_prefix() + interface};
  }
  return {};
}

Result<void> set_dns(const DnsTarget& target, const SetDns& dns) {
  return target.program == DnsProgram::kResolvectl ? set_by_resolvectl(target.name, dns)
                                                   : set_by_resolvconf(target.name, dns);
}

Result<void> unset_dns(const DnsTarget& target) {
  switch (target.program) {
    case DnsProgram::kResolvectl:
      // systemd-resolved forgets an interface that goes.
      if (if_nametoindex(target.name.c_str()) == 0) return {};
      return expect_success({"resolvectl", "revert", target.name});
    case DnsProgram::kResolvconf:
      return expect_success({"resolvconf", "-d", target.name, "-f"});
    case DnsProgram::kNone:
      break;
  }
  return {};
}

}  // namespace wring::run
