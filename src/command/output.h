// Text on its way to stdout, which may hold keys.
#pragma once

#include <concepts>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "control/text_buffer.h"

namespace wring::command {

// Gathers text and writes it in large pieces. Text that was written is overwritten in memory. Once
// a write has failed, all further text is ignored, and finish() returns the error.
class Output {
 public:
  // The descriptor is not owned.
  explicit Output(int fd) : fd_(fd) {}

  Output& operator<<(std::string_view text);
  Output& operator<<(std::integral auto number) {
    if (lines_left_ == 0) return *this;
    make_room();
    buffer_.append_number(number);
    return *this;
  }
  // In base64.
  Output& operator<<(const Bytes<32>& key);

  // All behind the first `lines` lines is left out.
  void limit_lines(std::size_t lines) { lines_left_ = lines; }

  // Writes what is left. Waits where the reader is slow. Fails if the descriptor does: a full disk,
  // or a pipe without a reader.
  [[nodiscard]] Result<void> finish();

 private:
  void make_room();
  void flush();
  // The part of the text that is within the limit of lines.
  [[nodiscard]] std::string_view within_limit(std::string_view text);

  int fd_;
  std::size_t lines_left_ = std::string_view::npos;
  TextBuffer buffer_{64U << 10};
  Result<void> failed_;
};

}  // namespace wring::command
