// Asks engines for what is no secret, time after time.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "client/interface_state.h"
#include "control/uapi_format.h"
#include "control/uapi_socket.h"

namespace wring::client {

// wring tells all but its keys if it is asked so (get=public). The engines of others know no such
// request, and are asked for everything; their keys are thrown away. Some of them refuse it, and
// some hang up. wring hangs up, too, if it ends or has too many clients. So who hangs up is asked
// once more, and who has answered is never asked for its keys, for as long as its socket is the
// same. One thread.
class DiscreetClient {
 public:
  explicit DiscreetClient(std::string folder = kUapiFolder) : folder_(std::move(folder)) {}

  // The errors are those of Connection::open() and get(). The public key is told in any case.
  [[nodiscard]] Result<InterfaceState> ask(const std::string& interface, GetDetail detail,
                                           std::chrono::milliseconds patience);

 private:
  // A socket file. A new engine makes a new one.
  struct SocketFile {
    dev_t device;
    ino_t inode;
    timespec changed;
    bool operator==(const SocketFile& other) const;
  };
  enum class Kind { kUnknown, kTellsNoSecrets, kTellsAll };
  struct Engine {
    std::optional<SocketFile> socket;
    Kind kind = Kind::kUnknown;
  };

  [[nodiscard]] Engine& engine_of(const std::string& interface);
  [[nodiscard]] Result<InterfaceState> ask_once(const std::string& interface, GetDetail detail,
                                                std::chrono::milliseconds patience) const;

  std::string folder_;
  std::map<std::string, Engine> engines_;
};

}  // namespace wring::client
