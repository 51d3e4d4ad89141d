// Reads both settings. They are for the whole machine, so they are not changed.
#include "run/forwarding.h"

#include <fstream>

namespace wring::run {
namespace {

bool is_off(const std::string& path) {
  int number = 0;
  return !(std::ifstream(path) >> number) || number == 0;
}

}  // namespace

std::string missing_forwarding(bool v4, bool v6, const std::string& folder) {
  std::string settings;
  if (v4 && is_off(folder + "/ipv4/ip_forward")) settings += " net.ipv4.ip_forward=1";
  if (v6 && is_off(folder + "/ipv6/conf/all/forwarding")) {
    settings += " net.ipv6.conf.all.forwarding=1";
  }
  if (settings.empty()) return {};
  return "this host passes no packets on, so the gateway does nothing yet; run sysctl -w" +
         settings + " (podman and docker: --sysctl)";
}

}  // namespace wring::run
