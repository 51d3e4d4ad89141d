// Reads base64 into a key, through memory that is wiped.
#include "command/key_file.h"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "base/unique_fd.h"
#include "crypto/key_text.h"

namespace wring::command {
namespace {

// As isspace() in the "C" locale. `wg` skips NUL behind a key, too.
bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0';
}

// The characters of a key on their way through; overwritten at the end.
struct Input {
  std::array<char, 256> bytes{};
  std::size_t size = 0;

  Input() = default;
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  ~Input() { sodium_memzero(bytes.data(), bytes.size()); }
  // Bytes that were read; 0 at the end; negative with errno set.
  ssize_t read_more(int fd) {
    ssize_t got = 0;
    do {
      got = ::read(fd, bytes.data() + size, bytes.size() - size);
    } while (got < 0 && errno == EINTR);
    if (got > 0) size += static_cast<std::size_t>(got);
    return got;
  }
};

auto not_a_key(const std::string& name) {
  return failure(name + " holds no key: a key has 44 characters of base64, as from wring genkey",
                 EINVAL);
}

// `is_empty` says that there was not one byte.
Result<void> read_text(int fd, const std::string& name, MutByteSpan key, bool& is_empty) {
  Input input;
  ssize_t got = 1;
  while (input.size < kKeyTextSize && got > 0)
    got = input.read_more(fd);
  is_empty = input.size == 0;
  const std::string_view text(input.bytes.data(), std::min(input.size, kKeyTextSize));
  // White space behind a key may be of any length, so it is read piece by piece.
  std::size_t checked = text.size();
  while (got > 0) {
    if (!std::ranges::all_of(input.bytes.begin() + checked, input.bytes.begin() + input.size,
                             is_space)) {
      return failure(name + " holds more than a key; a key is all that may be in it", EINVAL);
    }
    input.size = checked;
    got = input.read_more(fd);
  }
  if (got < 0) return system_failure("cannot read a key from " + name, errno);
  if (!is_empty && !decode_key(text, key)) return not_a_key(name);
  return {};
}

}  // namespace

Result<void> read_key(int fd, const std::string& name, MutByteSpan key) {
  bool is_empty = false;
  if (auto read = read_text(fd, name, key, is_empty); !read) return read;
  if (is_empty) return not_a_key(name);
  return {};
}

Result<void> read_key_file(const std::string& path, MutByteSpan key) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return system_failure("cannot open the key file " + path, errno);
  bool is_empty = false;
  if (auto read = read_text(file.get(), path, key, is_empty); !read) return read;
  if (is_empty) std::ranges::fill(key, std::uint8_t{0});
  return {};
}

}  // namespace wring::command
