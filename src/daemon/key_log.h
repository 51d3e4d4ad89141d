// The key log lets Wireshark decrypt this device's traffic. It is for users who debug their own
// tunnel, and off unless --keylog asks for it.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "crypto/keys.h"
#include "noise/identity.h"

namespace wring {

// One thread. A reader of the file can read all traffic that it covers, past and to come.
class KeyLog {
 public:
  // Appends to a plain file of ours, or makes it, and sees to it that nobody but its owner may read
  // it. Follows no symbolic link.
  static Result<KeyLog> open(const std::string& path);

  // Adds the keys of one handshake in one write, so that several processes may share the file. The
  // text is that of Wireshark's wg.keylog_file. Returns 0 or the errno.
  [[nodiscard]] int add(const LocalIdentity& local, const PublicKey& remote,
                        const PrivateKey& ephemeral, const PresharedKey& psk);

 private:
  explicit KeyLog(UniqueFd file) : file_(std::move(file)) {}
  UniqueFd file_;
};

}  // namespace wring
