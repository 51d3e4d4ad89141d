// Asks by SIOCGIFINDEX.
#include "control/interface_index.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <string_view>

#include "base/unique_fd.h"

namespace wring {

unsigned interface_index(const char* name) {
  const std::string_view wanted(name);
  ifreq request{};
  if (wanted.empty() || wanted.size() >= sizeof request.ifr_name) return 0;
  wanted.copy(request.ifr_name, wanted.size());
  for (const int family : {AF_INET6, AF_INET}) {
    const UniqueFd fd(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd) continue;  // The host lacks the family.
    if (ioctl(fd.get(), SIOCGIFINDEX, &request) != 0) return 0;
    return static_cast<unsigned>(request.ifr_ifindex);
  }
  return 0;
}

}  // namespace wring
