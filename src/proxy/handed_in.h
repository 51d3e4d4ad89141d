// Sockets that a service manager hands in, as sd_listen_fds(3) has it.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace wring::proxy {

class HandedIn {
 public:
  // Takes over what LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES say, and removes these variables: no
  // program that is executed gets the sockets. Nothing if they are for another process. Before a
  // fork, whose child has another number. One thread.
  static HandedIn take();

  // A copy that does not block, of the first of that name. `type` is SOCK_STREAM, which has to
  // listen, or SOCK_DGRAM. The Error says what to change.
  [[nodiscard]] Result<UniqueFd> socket(const std::string& name, int type) const;

 private:
  struct Named {
    std::string name;
    UniqueFd socket;
  };
  bool for_us_ = false;
  std::vector<Named> sockets_;
};

}  // namespace wring::proxy
