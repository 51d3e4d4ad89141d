// Appends the keys of each handshake to a file that only its owner can read.
#include "daemon/key_log.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <string_view>

#include "control/text_buffer.h"
#include "crypto/key_text.h"

namespace wring {
namespace {

// Four lines of at most 76 characters.
constexpr std::size_t kMaxRecordSize = 320;

void append_to_log(TextBuffer& out, std::string_view name, const Bytes<32>& key) {
  out.append(name);
  out.append(" = ");
  out.append(KeyText(key).view());
  out.append("\n");
}

}  // namespace

Result<KeyLog> KeyLog::open(const std::string& path) {
  const std::string what = "cannot write the key log " + path;
  // Not blocking: a named pipe without a reader would hold us up, and is refused below.
  UniqueFd file(::open(path.c_str(),
                       O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600));
  if (!file && errno == ELOOP) {
    return failure(what + ": it is a symbolic link; name the file itself", ELOOP);
  }
  if (!file) return system_failure(what, errno, "name a file in a folder that you may write to");
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_failure(what, errno);
  if (!S_ISREG(status.st_mode)) return failure(what + ": it is no plain file; name one");
  if (status.st_uid != ::geteuid()) {
    return failure(what + ": it belongs to another user, who could read the keys; name another");
  }
  if (status.st_nlink != 1) {
    return failure(what +
                   ": it has other names (hard links), perhaps where others may look; name "
                   "a new file");
  }
  if (::fchmod(file.get(), 0600) != 0) return system_failure(what, errno);
  return KeyLog(std::move(file));
}

int KeyLog::add(const LocalIdentity& local, const PublicKey& remote, const PrivateKey& ephemeral,
                const PresharedKey& psk) {
  TextBuffer record(kMaxRecordSize);  // wiped when it goes
  append_to_log(record, "LOCAL_STATIC_PRIVATE_KEY", local.private_key().reveal());
  append_to_log(record, "REMOTE_STATIC_PUBLIC_KEY", remote.bytes);
  append_to_log(record, "LOCAL_EPHEMERAL_PRIVATE_KEY", ephemeral.reveal());
  // Belongs to the ephemeral key before it. Without one Wireshark takes zeros by itself.
  if (!psk.is_zero()) append_to_log(record, "PRESHARED_KEY", psk.reveal());
  const ssize_t written = ::write(file_.get(), record.pending().data(), record.pending().size());
  if (written < 0) return errno;
  return static_cast<std::size_t>(written) == record.pending().size() ? 0 : ENOSPC;
}

}  // namespace wring
