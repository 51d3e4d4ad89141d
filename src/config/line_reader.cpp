// Finds sections, keys, values and comments in lines.
#include "config/line_reader.h"

#include <algorithm>

#include "config/words.h"

namespace wring::config {

Position Line::at(std::string_view part) const {
  return {number, static_cast<std::uint32_t>(part.data() - whole.data()) + 1};
}

void LineReader::skip_to(std::uint32_t number) {
  while (number_ + 1 < number && !rest_.empty()) {
    const std::size_t newline = rest_.find('\n');
    rest_.remove_prefix(newline == rest_.npos ? rest_.size() : newline + 1);
    ++number_;
  }
}

std::optional<Line> LineReader::next() {
  if (rest_.empty()) return std::nullopt;
  const std::size_t newline = rest_.find('\n');
  Line line;
  line.number = ++number_;
  line.whole = rest_.substr(0, newline);
  rest_.remove_prefix(newline == rest_.npos ? rest_.size() : newline + 1);

  const std::size_t hash = std::min(line.whole.find('#'), line.whole.size());
  if (hash != line.whole.size()) line.comment = trimmed(line.whole.substr(hash + 1));
  line.name = trimmed(line.whole.substr(0, hash));
  if (line.name.empty()) return line;

  const std::size_t equals = line.whole.substr(0, hash).find('=');
  if (line.name.front() == '[') {
    line.kind = Line::Kind::kSection;
  } else if (equals == line.whole.npos) {
    line.kind = Line::Kind::kOther;
  } else {
    line.kind = Line::Kind::kEntry;
    line.name = trimmed(line.whole.substr(0, equals));
    line.value = trimmed(line.whole.substr(equals + 1, hash - equals - 1));
    line.value_and_comment = trimmed(line.whole.substr(equals + 1));
  }
  return line;
}

}  // namespace wring::config
