// Goes through the lines of a configuration.
#include "config/parser.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "config/friendly_name.h"
#include "config/key_table.h"
#include "config/line_reader.h"
#include "config/references.h"
#include "config/words.h"

namespace wring::config {
namespace {

// A name that a message may hold: no key is so short and made of letters alone.
bool may_be_named(std::string_view name) {
  constexpr std::size_t kMaxName = 24;
  return name.size() <= kMaxName && std::all_of(name.begin(), name.end(), is_letter);
}

class Parser {
 public:
  Parser(Parsed& parsed, Dialect dialect)
      : config_(parsed.config), diagnostics_(parsed.diagnostics), dialect_(dialect) {}

  void take(const Line& line);
  void finish();

 private:
  void take_section(const Line& line);
  void end_section();
  void take_entry(const Line& line);
  void take_other(const Line& line);
  void take_comment(const Line& line);
  void apply(const Key& key, const Line& line, std::string_view value);
  void report_unknown_key(const Line& line);
  // True if this section had the key before.
  bool report_if_repeated(const Key& key, const Line& line);
  void report_two_keys(const std::optional<Located<std::string>>& file, std::string_view key);
  void error(const Line& line, std::string_view part, Complaint complaint) {
    diagnostics_.add(Severity::kError, line.at(part), part.size(), std::move(complaint));
  }
  [[nodiscard]] std::optional<std::size_t> current_peer() const {
    if (section_ != Section::kPeer) return std::nullopt;
    return config_.peers.size() - 1;
  }

  TunnelConfig& config_;
  Diagnostics& diagnostics_;
  Dialect dialect_;
  // None before the first section, and after one that is unknown.
  std::optional<Section> section_;
  bool in_unknown_section_ = false;
  bool interface_seen_ = false;
  bool section_reported_ = false;          // one is wrong, or the first is missing
  bool has_public_key_line_ = false;       // in this section
  std::vector<const Key*> seen_;           // in this section, of those that do not repeat
  std::optional<std::string> name_above_;  // from the comment before this line
};

void Parser::take(const Line& line) {
  const auto* const odd = std::find_if(line.whole.begin(), line.whole.end(), [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && !is_space(c)) || c == 127;
  });
  if (odd != line.whole.end()) {
    error(line, line.whole.substr(static_cast<std::size_t>(odd - line.whole.begin()), 1),
          {"control-character", "a control character that is not text",
           "save the file as plain text in UTF-8"});
    return;
  }
  take_comment(line);
  switch (line.kind) {
    case Line::Kind::kBlank:
      return;
    case Line::Kind::kSection:
      take_section(line);
      break;
    case Line::Kind::kEntry:
      take_entry(line);
      break;
    case Line::Kind::kOther:
      take_other(line);
      break;
  }
  name_above_.reset();
}

// Neither a section nor an entry.
void Parser::take_other(const Line& line) {
  const auto* const end = std::find_if_not(line.name.begin(), line.name.end(), is_letter);
  const std::string_view word =
      line.name.substr(0, static_cast<std::size_t>(end - line.name.begin()));
  const Key* key = section_ ? find_key(*section_, word) : nullptr;
  Complaint complaint{"no-equals", "neither a section nor KEY = VALUE",
                      "write KEY = VALUE, or a '#' before a comment"};
  if (key != nullptr) {
    const std::string name(key->name);
    complaint = {"no-equals", "the '=' is missing after " + name, "write " + name + " = VALUE"};
  } else if (line.name.front() == ';' || line.name.starts_with("//")) {
    complaint = {"bad-comment", "not a comment here", "begin comments with '#'"};
  }
  error(line, line.name, std::move(complaint));
}

void Parser::take_comment(const Line& line) {
  if (line.comment.empty()) return;
  if (line.kind == Line::Kind::kBlank) name_above_ = name_above(line.comment);
  if (section_ != Section::kPeer) return;
  if (auto name = name_within(line.comment)) config_.peers.back().name = std::move(*name);
}

void Parser::end_section() {
  if (section_ == Section::kPeer && !has_public_key_line_) {
    diagnostics_.add(Severity::kError, config_.peers.back().at, std::string_view("[Peer]").size(),
                     {"no-public-key", "this peer has no PublicKey",
                      "write PublicKey = and the key that `wring pubkey` prints on the peer"});
  }
  seen_.clear();
  section_.reset();
  has_public_key_line_ = false;
}

void Parser::take_section(const Line& line) {
  end_section();
  in_unknown_section_ = false;
  if (equal_but_for_case(line.name, "[Interface]")) {
    section_ = Section::kInterface;
    if (interface_seen_) {
      diagnostics_.add(Severity::kWarning, line.at(line.name), line.name.size(),
                       {"second-interface", "a second [Interface]: it adds to the first",
                        "write all keys of the interface below one [Interface]"});
    }
    if (!interface_seen_) config_.interface.at = line.at(line.name);
    interface_seen_ = true;
    return;
  }
  if (equal_but_for_case(line.name, "[Peer]")) {
    section_ = Section::kPeer;
    config_.peers.emplace_back();
    config_.peers.back().at = line.at(line.name);
    if (name_above_) config_.peers.back().name = *name_above_;
    return;
  }
  in_unknown_section_ = true;
  section_reported_ = true;
  const std::size_t close = line.name.find(']');
  const std::string_view inside =
      trimmed(line.name.substr(1, std::min(close, line.name.size()) - 1));
  std::string cure = "the sections are [Interface] and [Peer]";
  if (edit_distance(inside.substr(0, 16), "Interface") < 4) cure = "write [Interface]";
  if (edit_distance(inside.substr(0, 16), "Peer") < 3) cure = "write [Peer]";
  std::string what = close == line.name.npos ? "the ']' is missing" : "not a section of this file";
  if (close != line.name.npos && close + 1 != line.name.size()) {
    what = "something follows the ']'";
    cure += ", and what follows on a line of its own";
  }
  error(line, line.name, {"bad-section", std::move(what), std::move(cure)});
}

void Parser::take_entry(const Line& line) {
  if (in_unknown_section_) return;  // the section was reported
  if (!section_) {
    if (std::exchange(section_reported_, true)) return;
    error(line, line.name,
          {"no-section", "a key before the first section", "write [Interface] or [Peer] above it"});
    return;
  }
  const Key* const key = find_key(*section_, line.name);
  if (key == nullptr) {
    report_unknown_key(line);
    return;
  }
  if (dialect_ == Dialect::kWg && key->origin != Key::Origin::kWg) {
    error(line, line.name,
          {"not-of-wg", std::string(key->name) + " is not a key of `wg`",
           "remove the line, or give the output of `wring strip`"});
    return;
  }
  has_public_key_line_ = has_public_key_line_ || key->name == "PublicKey";
  const bool command = key->holds == Key::Holds::kCommand;
  const std::string_view value = command ? line.value_and_comment : line.value;
  if (!value.empty()) {
    apply(*key, line, value);
  } else if (key->origin == Key::Origin::kWgQuick && key->name != "SaveConfig") {
    diagnostics_.add(Severity::kWarning, line.at(line.name), line.name.size(),
                     {"no-value", std::string(key->name) + " has no value and does nothing",
                      "write a value after the '=', or remove the line"});
  } else {
    error(line, line.name,
          {"no-value", std::string(key->name) + " has no value",
           "write a value after the '=', or remove the line"});
  }
}

void Parser::apply(const Key& key, const Line& line, std::string_view value) {
  const Target target{config_.interface,
                      section_ == Section::kPeer ? &config_.peers.back() : nullptr, diagnostics_};
  const std::optional<std::size_t> peer = current_peer();
  if (!key.repeats && (report_if_repeated(key, line) || section_ == Section::kInterface)) {
    key.clear(target);
    std::erase_if(config_.unresolved, [&](const Unresolved& earlier) {
      return earlier.peer == peer && earlier.key == key.name;
    });
  }
  if (key.holds != Key::Holds::kCommand && has_reference(value)) {
    config_.unresolved.push_back({peer, key.name, std::string(value), line.at(value)});
    check_references(config_.unresolved.back(), diagnostics_);
  } else {
    key.set(target, {value, line.at(value)});
  }
}

bool Parser::report_if_repeated(const Key& key, const Line& line) {
  if (std::find(seen_.begin(), seen_.end(), &key) == seen_.end()) {
    seen_.push_back(&key);
    return false;
  }
  diagnostics_.add(
      Severity::kWarning, line.at(line.name), line.name.size(),
      {"repeated-key", std::string(key.name) + " was given before: the last one counts",
       "keep one of the lines"});
  return true;
}

void Parser::report_unknown_key(const Line& line) {
  const Section other = *section_ == Section::kPeer ? Section::kInterface : Section::kPeer;
  if (const Key* const elsewhere = find_key(other, line.name)) {
    const std::string place(to_string(other));
    error(line, line.name,
          {"wrong-section", std::string(elsewhere->name) + " is a key of " + place,
           "move the line below " + place});
    return;
  }
  std::string what = "not a key of " + std::string(to_string(*section_));
  if (may_be_named(line.name)) what = quote(line.name) + " is " + what;
  std::string cure = "remove the line";
  if (const Key* const meant = similar_key(*section_, line.name)) {
    cure = "write " + std::string(meant->name);
    if (meant->name == "PublicKey") has_public_key_line_ = true;
  } else if (const Key* const there = similar_key(other, line.name)) {
    cure = "write " + std::string(there->name) + " below " + std::string(to_string(other));
  } else if (line.name.starts_with(';')) {
    cure = "begin comments with '#'";
  }
  error(line, line.name, {"unknown-key", std::move(what), std::move(cure)});
}

void Parser::report_two_keys(const std::optional<Located<std::string>>& file,
                             std::string_view key) {
  if (!file) return;
  const std::string name(key);
  diagnostics_.add(Severity::kError, file->at, file->value.size(),
                   {"two-keys", "both " + name + " and " + name + "File", "keep one of the lines"});
}

void Parser::finish() {
  end_section();
  if (dialect_ == Dialect::kWgQuick && !interface_seen_ && !section_reported_) {
    diagnostics_.add(Severity::kError, {}, 1,
                     {"no-interface", "there is no [Interface]",
                      "write [Interface] and below it PrivateKey and Address"});
  }
  const auto& private_key_file = config_.interface.private_key_file;
  if (config_.interface.private_key) report_two_keys(private_key_file, "PrivateKey");
  for (const Peer& peer : config_.peers) {
    if (peer.preshared_key) report_two_keys(peer.preshared_key_file, "PresharedKey");
  }
  for (const Unresolved& value : config_.unresolved) {
    if (value.key == "PrivateKey") report_two_keys(private_key_file, value.key);
    if (value.key != "PresharedKey") continue;
    report_two_keys(config_.peers[*value.peer].preshared_key_file, value.key);
  }
}

// True if the text begins like a file that no parser of lines can read. Removes the mark of UTF-8.
bool report_encoding(std::string_view text, Diagnostics& diagnostics) {
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
    diagnostics.add(Severity::kError, {1, 1}, 2,
                    {"encoding", "the file is UTF-16", "save it as plain text in UTF-8"});
    return true;
  }
  if (text.starts_with("\xef\xbb\xbf")) {
    diagnostics.add(Severity::kError, {1, 1}, 3,
                    {"encoding", "the file begins with a byte order mark",
                     "save it as UTF-8 without one (without BOM)"});
    return true;
  }
  return false;
}

}  // namespace

Parsed parse(std::string_view text, std::string file, Dialect dialect) {
  Parsed parsed{{}, Diagnostics(std::move(file))};
  if (report_encoding(text, parsed.diagnostics)) return parsed;
  Parser parser(parsed, dialect);
  LineReader reader(text);
  while (const auto line = reader.next()) {
    parser.take(*line);
  }
  parser.finish();
  return parsed;
}

}  // namespace wring::config
