// Goes through the lines as go-ini's parser does, quirks and all.
#include "proxyconfig/ini_file.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "config/words.h"
#include "proxyconfig/go_text.h"

namespace wring::proxy {
namespace {

using config::Complaint;
using config::Position;

constexpr std::string_view kDelimiters = "=:";
constexpr std::string_view kComment = "#;";
constexpr std::string_view kTripleQuote = "\"\"\"";

// The quote that a key or a value begins with, or nothing. A value in single or double quotes is a
// matter of its end, too: see without_quotes().
std::string_view long_quote(std::string_view text) {
  if (text.size() > 3 && text.starts_with(kTripleQuote)) return kTripleQuote;
  return text.starts_with('`') ? std::string_view("`") : std::string_view();
}

// 'a' and "a" without their quotes, if there are two of them.
std::string_view without_quotes(std::string_view value) {
  for (const char quote : {'\'', '"'}) {
    const bool quoted = value.size() >= 2 && value.front() == quote && value.back() == quote;
    if (quoted && value.find(quote, 1) == value.size() - 1) {
      return value.substr(1, value.size() - 2);
    }
  }
  return value;
}

// A comment may begin in the middle of a word, and between single or double quotes.
bool is_cut(std::string_view text, std::size_t comment) {
  if (comment == 0 || comment == text.size()) return false;
  const char quote = text.front();
  const bool in_quotes = (quote == '"' || quote == '\'') && text.find(quote, 1) > comment &&
                         text.find(quote, comment) != text.npos;
  return in_quotes || !config::is_space(text[comment - 1]);
}

class Parser {
 public:
  Parser(std::string_view text, config::Diagnostics& diagnostics)
      : rest_(text), diagnostics_(diagnostics) {
    file_.sections.emplace_back().name = "default";
  }
  IniFile parse();

 private:
  struct Name {
    std::string_view text;
    std::size_t end;  // behind the delimiter
  };

  std::string_view take_line();
  void take_section(std::string_view line);
  void take_entry(std::string_view line);
  std::optional<Name> read_name(std::string_view line);
  // True if the value's quote has an end.
  bool read_value(std::string_view text, IniEntry& entry);
  bool read_until_quote(std::string_view quote, IniEntry& entry);
  void read_continued(IniEntry& entry);
  void set(IniEntry& entry, std::string_view value) const;
  [[nodiscard]] Position at(std::string_view part) const {
    return {number_, static_cast<std::uint32_t>(part.data() - whole_.data()) + 1};
  }
  void error(std::string_view part, Complaint complaint) {
    diagnostics_.add(config::Severity::kError, at(part),
                     std::max<std::size_t>(1, trim_space(part).size()), std::move(complaint));
  }

  IniFile file_;
  std::string_view rest_;
  std::string_view whole_;  // the present line with its newline
  std::uint32_t number_ = 0;
  config::Diagnostics& diagnostics_;
};

std::string_view Parser::take_line() {
  const std::size_t newline = rest_.find('\n');
  whole_ = rest_.substr(0, newline == rest_.npos ? newline : newline + 1);
  rest_.remove_prefix(whole_.size());
  ++number_;
  return whole_;
}

IniFile Parser::parse() {
  if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
  if (rest_.starts_with("\xff\xfe") || rest_.starts_with("\xfe\xff")) {
    file_.is_cut_off = true;
    diagnostics_.add(config::Severity::kError, {1, 1}, 2,
                     {"encoding", "the file is UTF-16", "save it as plain text in UTF-8"});
    return std::move(file_);
  }
  while (!rest_.empty()) {
    const std::string_view line = trim_space_left(take_line());
    if (line.empty() || kComment.find(line.front()) != kComment.npos) continue;
    const auto odd = std::ranges::find_if(line, [](char c) {
      return (static_cast<unsigned char>(c) < ' ' && !config::is_space(c)) || c == 127;
    });
    if (odd != line.end()) {
      error(line.substr(static_cast<std::size_t>(odd - line.begin()), 1),
            {"control-character", "a control character that is not text",
             "save the file as plain text in UTF-8"});
    } else if (line.front() == '[') {
      take_section(line);
    } else {
      take_entry(line);
    }
  }
  return std::move(file_);
}

// The last `]` of the line ends the name, even if it is in a comment.
void Parser::take_section(std::string_view line) {
  const std::size_t close = line.rfind(']');
  IniSection& section = file_.sections.emplace_back();
  section.at = at(line);
  section.size = close == line.npos ? trim_space(line).size() : close + 1;
  if (close == line.npos) {
    section.is_reported = true;
    error(line, {"bad-section", "the ']' is missing", "write [NAME] on a line of its own"});
    return;
  }
  section.name = to_lower(line.substr(1, close - 1));
  if (!section.name.empty()) return;
  section.is_reported = true;
  error(line, {"bad-section", "a section without a name", "write [NAME]"});
}

void Parser::take_entry(std::string_view line) {
  const auto name = read_name(line);
  IniEntry entry;
  if (name) {
    entry.name = to_lower(name->text);
    entry.name_at = entry.value_at = at(name->text);
    entry.name_size = entry.value_size = std::max<std::size_t>(1, name->text.size());
  }
  if (name && name->text.empty()) {
    error(line, {"no-name", "the name of the key is missing", "write KEY = VALUE"});
  } else if (name && read_value(line.substr(name->end), entry)) {
    file_.sections.back().entries.push_back(std::move(entry));
  }
}

std::optional<Parser::Name> Parser::read_name(std::string_view line) {
  std::string_view quote = line.size() > 6 ? long_quote(line) : std::string_view();
  if (quote.empty() && line.front() == '"') quote = "\"";
  if (quote.empty() && line.front() == '`') quote = "`";
  std::size_t name_end = 0;
  if (!quote.empty()) {
    name_end = line.find(quote, quote.size());
    if (name_end == line.npos) {
      error(line, {"open-quote", "the quote around the key has no end", "write KEY = VALUE"});
      return std::nullopt;
    }
  }
  const std::size_t delimiter = line.find_first_of(kDelimiters, name_end + quote.size());
  if (delimiter == line.npos) {
    error(line, {"no-equals", "neither a section nor KEY = VALUE",
                 "write KEY = VALUE, or a '#' before a comment"});
    return std::nullopt;
  }
  const std::string_view name = quote.empty() ? line.substr(0, delimiter)
                                              : line.substr(quote.size(), name_end - quote.size());
  return Name{trim_space(name), delimiter + 1};
}

void Parser::set(IniEntry& entry, std::string_view value) const {
  entry.value = value;
  if (value.empty()) return;
  entry.value_at = at(value);
  entry.value_size = trim_space(value).size();
}

bool Parser::read_value(std::string_view text, IniEntry& entry) {
  text = trim_space_left(text);
  if (const std::string_view quote = long_quote(text); !quote.empty()) {
    const std::size_t end = text.rfind(quote);
    if (end >= quote.size()) {
      set(entry, text.substr(quote.size(), end - quote.size()));
      return true;
    }
    set(entry, text.substr(quote.size()));
    return read_until_quote(quote, entry);
  }
  text = trim_space(text);
  if (text.ends_with('\\')) {
    set(entry, text.substr(0, text.size() - 1));
    read_continued(entry);
    return true;
  }
  const std::size_t comment = std::min(text.find_first_of(kComment), text.size());
  if (is_cut(text, comment)) entry.cut_at = at(text.substr(comment));
  set(entry, without_quotes(trim_space(text.substr(0, comment))));
  return true;
}

bool Parser::read_until_quote(std::string_view quote, IniEntry& entry) {
  entry.in_one_piece = false;
  while (!rest_.empty()) {
    const std::string_view line = take_line();
    const std::size_t end = line.rfind(quote);
    entry.value += line.substr(0, end);
    if (end != line.npos) return true;
  }
  file_.is_cut_off = true;
  diagnostics_.add(config::Severity::kError, entry.value_at, entry.value_size,
                   {"open-quote", "the quote that this value begins with has no end",
                    "write the value on one line, without quotes"});
  return false;
}

void Parser::read_continued(IniEntry& entry) {
  entry.in_one_piece = false;
  while (!rest_.empty()) {
    const std::string_view line = trim_space(take_line());
    entry.value += line;
    if (line.empty() || !entry.value.ends_with('\\')) return;
    entry.value.pop_back();
  }
}

// The first "%(NAME)s".
std::string_view find_name(std::string_view text) {
  for (std::size_t begin = text.find("%("); begin != text.npos;
       begin = text.find("%(", begin + 1)) {
    const std::size_t end = text.find(')', begin + 2);
    if (end == text.npos) break;
    if (end > begin + 2 && text.substr(end + 1).starts_with('s')) {
      return text.substr(begin, end + 2 - begin);
    }
  }
  return {};
}

void replace_all(std::string& text, const std::string& part, std::string_view by) {
  for (std::size_t place = text.find(part); place != text.npos && text.size() <= kMaxInterpolated;
       place = text.find(part, place + by.size())) {
    text.replace(place, part.size(), by);
  }
}

}  // namespace

const IniEntry* IniSection::find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &IniEntry::name);
  return found == entries.end() ? nullptr : &*found;
}

IniFile parse_ini(std::string_view text, config::Diagnostics& diagnostics) {
  return Parser(text, diagnostics).parse();
}

std::optional<std::string> interpolated(const IniFile& file, const IniSection& section,
                                        const IniEntry& entry) {
  constexpr int kMaxDepth = 99;  // go-ini's
  std::string value = entry.value;
  for (int depth = 0; depth < kMaxDepth; ++depth) {
    const std::string reference(find_name(value));
    if (reference.empty()) break;
    const std::string name = to_lower(std::string_view(reference).substr(2, reference.size() - 4));
    const IniEntry* found = section.find(name);
    // The first of that name is the one that go-ini knows: a key that names itself means another.
    if (found == nullptr || found == section.find(entry.name)) {
      found = file.sections.front().find(name);
    }
    if (found == nullptr) break;
    replace_all(value, reference, found->value);
    if (value.size() > kMaxInterpolated) return std::nullopt;
  }
  return value;
}

}  // namespace wring::proxy
