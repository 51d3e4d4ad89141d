// The sockets at which clients outside the tunnel are waited for.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "proxy/handed_in.h"
#include "proxyconfig/proxy_config.h"

namespace wring::proxy {

// The files of UNIX sockets that were made here. They are removed at the end, except where another
// file has the path by then.
class SocketFiles {
 public:
  SocketFiles() = default;
  SocketFiles(const SocketFiles&) = delete;
  SocketFiles& operator=(const SocketFiles&) = delete;
  ~SocketFiles();

  // A socket was just bound to that path.
  void add(const std::string& path);
  // Looks after those of another as well, which looks after none any more.
  void take_over(SocketFiles& others);
  // The socket is of no more use, so its file goes now.
  void remove(const std::string& path);

 private:
  struct File {
    std::string path;
    dev_t device;
    ino_t number;
  };
  static void unlink_if_ours(const File& file);

  std::vector<File> files_;
};

// Whether it waits for clients outside the tunnel, at a socket of its own.
[[nodiscard]] bool is_outside(const Listener& listener);

// One for each listener, in their order; empty for those inside and for stdin and stdout. Names are
// looked up, which blocks. They do not block. Adds to `files` what it makes. The Error names the
// listener.
[[nodiscard]] Result<std::vector<UniqueFd>> open_outside(const std::vector<Listener>& listeners,
                                                         const HandedIn& handed_in,
                                                         SocketFiles& files);

// One that takes connections.
[[nodiscard]] Result<UniqueFd> open_stream(const BindAddress& at, const HandedIn& handed_in,
                                           SocketFiles& files);

// One on every address of the network namespace of the calling thread, at this port.
[[nodiscard]] Result<UniqueFd> open_inside(int type, std::uint16_t port);

}  // namespace wring::proxy
