// Reads into memory that is never moved with bytes in it: the size of a pipe is not known before.
#include "base/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/unique_fd.h"

namespace wring {

Result<std::string> read_whole(int fd, const std::string& name, std::size_t limit) {
  constexpr std::size_t kFirstSize = 4096;
  struct stat info {};
  std::string text;
  if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
    text.reserve(std::min(limit, static_cast<std::size_t>(info.st_size)) + 1);
  }
  for (;;) {
    if (text.capacity() - text.size() < 1) {
      std::string larger;
      larger.reserve(std::max<std::size_t>(2 * text.size(), kFirstSize));
      larger = text;
      explicit_bzero(text.data(), text.size());
      text = std::move(larger);
    }
    const std::size_t before = text.size();
    text.resize(text.capacity());
    const ssize_t got = ::read(fd, text.data() + before, text.size() - before);
    const int code = errno;
    text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return text;
    if (got < 0 && code != EINTR) return system_failure("cannot read " + name, code);
    if (text.size() > limit) {
      explicit_bzero(text.data(), text.size());
      return failure(name + " is larger than " + std::to_string(limit) + " bytes");
    }
  }
}

Result<std::string> read_whole_file(const std::string& path, std::size_t limit) {
  const UniqueFd opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!opened) return system_failure("cannot open " + path, errno);
  return read_whole(opened.get(), path, limit);
}

}  // namespace wring
