// What is wrong in a configuration, where, and what to write instead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wring::config {

// Both count from 1, the column in bytes. Line 0 is the file as a whole.
struct Position {
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  friend auto operator<=>(const Position&, const Position&) = default;
};

// An error: the configuration is not used. A warning: it is used, and surely not meant so. A note:
// it may be meant so.
enum class Severity : std::uint8_t { kError, kWarning, kNote };
// "error", "warning", "note".
[[nodiscard]] std::string_view to_string(Severity severity);

// A mistake in one value. No text of a key is ever in it.
struct Complaint {
  std::string_view code;  // a name that does not change, for programs: "bad-key"; a literal
  std::string what;
  std::string cure;
};

struct Diagnostic {
  Severity severity = Severity::kError;
  Position at;
  std::size_t length = 1;  // bytes that it is about, from `at` on
  Complaint complaint;
};

// So many errors are kept, and as many warnings, and as many notes.
inline constexpr std::size_t kMaxDiagnostics = 100;

// All that was found in one file, in the order of its lines.
class Diagnostics {
 public:
  // `file` is the name that messages begin with.
  explicit Diagnostics(std::string file) : file_(std::move(file)) {}

  void add(Severity severity, Position at, std::size_t length, Complaint complaint);

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] const std::vector<Diagnostic>& all() const { return all_; }
  // Those that were kept and those that were not.
  [[nodiscard]] std::size_t count(Severity severity) const {
    return counts_[static_cast<std::size_t>(severity)];
  }
  [[nodiscard]] bool has_errors() const { return count(Severity::kError) != 0; }

 private:
  std::string file_;
  std::vector<Diagnostic> all_;
  std::size_t counts_[3] = {};
};

// "wg0.conf:3:11: error: WHAT; CURE": one line, for a log.
[[nodiscard]] std::string to_string(const Diagnostic& diagnostic, std::string_view file);

// The text in quotes, for a message. "this value" if the text is long, is not plain, or might be a
// key: a key may stand anywhere by mistake.
[[nodiscard]] std::string quote(std::string_view text);
// True if some part of the text could be a key or a large part of one.
[[nodiscard]] bool may_hold_key(std::string_view text);

}  // namespace wring::config
