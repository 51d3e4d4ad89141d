// Collects diagnostics, and keeps keys out of them.
#include "config/diagnostics.h"

#include <algorithm>

#include "config/words.h"

namespace wring::config {
namespace {

constexpr std::size_t kMaxQuoted = 80;
// A key has 44 characters of base64, or 64 of hexadecimal. Names of hosts and addresses have no
// parts so long.
constexpr std::size_t kKeyLike = 28;

bool is_base64(char c) {
  return is_letter(c) || is_digit(c) || c == '+' || c == '/' || c == '=';
}

bool is_printable(char c) {
  return ' ' <= c && c < 127;
}

}  // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kNote:
      break;
  }
  return "note";
}

void Diagnostics::add(Severity severity, Position at, std::size_t length, Complaint complaint) {
  if (++counts_[static_cast<std::size_t>(severity)] > kMaxDiagnostics) return;
  // Most come in the order of lines, so that the place is near the end.
  auto place = all_.end();
  while (place != all_.begin() && at < std::prev(place)->at) {
    --place;
  }
  all_.insert(place, {severity, at, length, std::move(complaint)});
}

std::string to_string(const Diagnostic& diagnostic, std::string_view file) {
  std::string text(file);
  if (diagnostic.at.line != 0) {
    text += ':' + std::to_string(diagnostic.at.line) + ':' + std::to_string(diagnostic.at.column);
  }
  text += ": ";
  text += to_string(diagnostic.severity);
  text += ": " + diagnostic.complaint.what;
  if (!diagnostic.complaint.cure.empty()) text += "; " + diagnostic.complaint.cure;
  return text;
}

bool may_hold_key(std::string_view text) {
  std::size_t run = 0;
  for (const char c : text) {
    // A byte that is no text may be one character of a key that was spoilt.
    if (!is_printable(c)) continue;
    run = is_base64(c) ? run + 1 : 0;
    if (run >= kKeyLike) return true;
  }
  return false;
}

std::string quote(std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), is_printable);
  if (!plain || text.empty() || text.size() > kMaxQuoted || may_hold_key(text)) return "this value";
  std::string quoted(1, '\'');
  quoted += text;
  quoted += '\'';
  return quoted;
}

}  // namespace wring::config
