// Writes gathered text to a descriptor, to the last byte.
#include "command/output.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "crypto/key_text.h"

namespace wring::command {
namespace {

// More than a number or a key takes.
constexpr std::size_t kMinRoom = 64;

}  // namespace

Output& Output::operator<<(std::string_view text) {
  text = within_limit(text);
  while (!text.empty()) {
    make_room();
    const std::size_t size = std::min(text.size(), buffer_.room());
    buffer_.append(text.substr(0, size));
    text.remove_prefix(size);
  }
  return *this;
}

Output& Output::operator<<(const Bytes<32>& key) {
  if (lines_left_ == 0) return *this;
  make_room();
  buffer_.append(KeyText(key).view());
  return *this;
}

std::string_view Output::within_limit(std::string_view text) {
  for (std::size_t i = 0; lines_left_ != text.npos && i < text.size(); ++i) {
    if (lines_left_ == 0) return text.substr(0, i);
    if (text[i] == '\n') --lines_left_;
  }
  return text;
}

Result<void> Output::finish() {
  flush();
  return failed_;
}

void Output::make_room() {
  if (buffer_.room() < kMinRoom) flush();
}

void Output::flush() {
  while (failed_ && !buffer_.empty()) {
    const std::string_view text = buffer_.pending();
    const ssize_t written = ::write(fd_, text.data(), text.size());
    if (written >= 0) {
      buffer_.consume(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      failed_ = system_failure("cannot write the output", errno);
    }
  }
  buffer_.consume(buffer_.pending().size());
}

}  // namespace wring::command
