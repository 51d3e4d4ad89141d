// Reads the variables of systemd, and looks whether a socket is of the kind that is wanted.
#include "proxy/handed_in.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "base/decimal.h"
#include "proxy/addresses.h"

namespace wring::proxy {
namespace {

constexpr int kFirst = 3;  // SD_LISTEN_FDS_START

std::string take_variable(const char* name) {
  const char* const value = std::getenv(name);
  std::string text = value == nullptr ? "" : value;
  unsetenv(name);
  return text;
}

}  // namespace

HandedIn HandedIn::take() {
  HandedIn taken;
  const auto count = parse_decimal<unsigned>(take_variable("LISTEN_FDS"));
  const auto process = parse_decimal<unsigned>(take_variable("LISTEN_PID"));
  const std::string all = take_variable("LISTEN_FDNAMES");
  taken.for_us_ = count && process && *process == static_cast<unsigned>(getpid());
  if (!taken.for_us_) return taken;
  std::string_view names = all;
  for (unsigned i = 0; i < *count; ++i) {
    const std::size_t end = names.find(':');
    const int fd = kFirst + static_cast<int>(i);
    // There are no more.
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) break;
    taken.sockets_.push_back({std::string(names.substr(0, end)), UniqueFd(fd)});
    names.remove_prefix(end == names.npos ? names.size() : end + 1);
  }
  return taken;
}

Result<UniqueFd> HandedIn::socket(const std::string& name, int type) const {
  if (!for_us_) {
    return failure("no socket was handed in for systemd:" + name +
                   "; LISTEN_FDS and LISTEN_PID are not for this process");
  }
  const auto found = std::ranges::find(sockets_, name, &Named::name);
  if (found == sockets_.end()) {
    return failure("none of LISTEN_FDNAMES is " + name + "; set FileDescriptorName=" + name);
  }
  UniqueFd copy(fcntl(found->socket.get(), F_DUPFD_CLOEXEC, kFirst));
  const int flags = copy ? fcntl(copy.get(), F_GETFL) : -1;
  if (flags < 0 || fcntl(copy.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return system_failure("cannot use the socket for systemd:" + name, errno);
  }
  if (option_of(copy.get(), SO_TYPE) == type &&
      (type == SOCK_DGRAM || option_of(copy.get(), SO_ACCEPTCONN) == 1)) {
    return copy;
  }
  return failure("what was handed in for systemd:" + name + " is no socket that " +
                 (type == SOCK_DGRAM ? "takes datagrams; use ListenDatagram="
                                     : "listens; use ListenStream= and Accept=no"));
}

}  // namespace wring::proxy
