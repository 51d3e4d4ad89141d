// Shows a line, unless it holds a secret.
#include "config/excerpt.h"

#include <algorithm>

#include "config/key_table.h"
#include "config/line_reader.h"
#include "config/words.h"

namespace wring::config {
namespace {

constexpr std::size_t kMaxShown = 120;
constexpr std::string_view kHidden = "...";

// How much of the line may be shown, from its beginning.
std::size_t shown_size(const Line& line) {
  if (line.kind == Line::Kind::kSection) return may_hold_key(line.whole) ? 0 : line.whole.size();
  if (line.kind != Line::Kind::kEntry) return first_word(line.whole);
  const Key* key = find_key(Section::kInterface, line.name);
  if (key == nullptr) key = find_key(Section::kPeer, line.name);
  if (key == nullptr) return first_word(line.whole);
  // A comment may hold the key that was valid before.
  const std::size_t end = line.whole.find('#');
  if (key->holds == Key::Holds::kPlain && !may_hold_key(line.value)) {
    return std::min(end, line.whole.size());
  }
  return line.whole.find('=') + 1;
}

// One column for each character of UTF-8, so that the caret is below its place.
std::string plain(std::string_view text) {
  std::string shown;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0U) == 0x80U) continue;
    shown += c == '\t' ? ' ' : (byte < ' ' || byte >= 127) ? '?' : c;
  }
  return shown;
}

}  // namespace

std::size_t first_word(std::string_view line) {
  constexpr std::size_t kMaxWord = 24;
  const auto is_end = [&](std::size_t at) {
    return at == line.size() || is_space(line[at]) || line[at] == '=' || line[at] == ':';
  };
  std::size_t end = 0;
  while (end < line.size() && is_space(line[end])) {
    ++end;
  }
  const std::size_t begin = end;
  while (end < line.size() && is_letter(line[end])) {
    ++end;
  }
  return is_end(end) && end - begin <= kMaxWord ? end : 0;
}

std::string excerpt(std::string_view text, const Diagnostic& diagnostic) {
  LineReader reader(text);
  reader.skip_to(diagnostic.at.line);
  const auto line = reader.next();
  if (!line || diagnostic.at.column == 0) return {};
  return excerpt(line->whole, shown_size(*line), diagnostic);
}

std::string excerpt(std::string_view line, std::size_t shown_size, const Diagnostic& diagnostic) {
  const std::size_t size = std::min(shown_size, kMaxShown);
  std::string shown =
      plain(trimmed(line.substr(0, size)).empty() ? std::string_view() : line.substr(0, size));
  const std::size_t before = std::min<std::size_t>(diagnostic.at.column - 1, line.size());
  // A place that is not shown has its caret below the first of the dots.
  std::size_t column = plain(line.substr(0, before)).size();
  std::size_t length = std::min(diagnostic.length, line.size() - before);
  while (!shown.empty() && shown.back() == ' ') {
    shown.pop_back();
  }
  if (size < line.size() && (before + length > size || shown.empty())) {
    if (!shown.empty()) shown += ' ';
    column = std::min(column, shown.size());
    shown += kHidden;
    length = std::min(length, shown.size() - column);
  }
  const std::string number = std::to_string(diagnostic.at.line);
  const std::string margin(number.size(), ' ');
  return ' ' + number + " | " + shown + "\n " + margin + " | " + std::string(column, ' ') + '^' +
         std::string(length > 1 ? length - 1 : 0, '~') + '\n';
}

}  // namespace wring::config
