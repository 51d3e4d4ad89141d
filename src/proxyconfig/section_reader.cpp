// Finds each key in the table, fills its value in, and has it set.
#include "proxyconfig/section_reader.h"

#include <algorithm>
#include <utility>

#include "config/words.h"
#include "proxyconfig/go_text.h"
#include "proxyconfig/wipe.h"

namespace wring::proxy {
namespace {

using config::Severity;

// A name that a message may hold: no key is so short and made of letters alone.
bool may_be_named(std::string_view name) {
  constexpr std::size_t kMaxShown = 24;
  return name.size() <= kMaxShown && std::ranges::all_of(name, config::is_letter);
}

void report_unknown(const FileContext& context, const IniEntry& entry, const SectionName& section) {
  const std::string place = "[" + std::string(section.name) + "]";
  std::string what = "not a key of " + place + ", so it does nothing";
  if (may_be_named(entry.name)) what = config::quote(entry.name) + " is " + what;
  std::string cure = "remove the line";
  if (const Key* const meant = similar_key(section.bit, entry.name)) {
    cure = "write " + std::string(meant->name);
  }
  context.report(Severity::kWarning, entry.name_at, entry.name_size,
                 {"unknown-key", std::move(what), std::move(cure)});
}

// The value as text: with what it takes from other keys and from the environment, and a number in
// decimal digits. Nothing if it was reported.
std::optional<std::string> text_of(const FileContext& context, const IniSection& section,
                                   const SectionName& name, const Key& key, const IniEntry& entry) {
  const auto complain = [&](config::Complaint complaint) {
    context.report(Severity::kError, entry.value_at, entry.value_size, std::move(complaint));
    return std::nullopt;
  };
  auto plain = interpolated(context.file, section, entry);
  if (!plain) {
    return complain({"too-long", "the value becomes too long once %(NAME)s is replaced",
                     "write the value itself"});
  }
  const bool of_tunnel = (name.bit & (kInterface | kPeer)) != 0;
  auto filled = with_variables(*plain, of_tunnel, context.sources.variable);
  wipe(*plain);
  if (!filled) {
    config::Complaint complaint = filled.error();
    if (key.holds == Key::Holds::kPassword)
      complaint.what = "this variable is not in the environment";
    return complain(std::move(complaint));
  }
  if (filled->find('\0') != std::string::npos) {
    return complain({"control-character", "a zero byte", "save the file as plain text in UTF-8"});
  }
  if (key.kind != Key::Kind::kNumber) return std::move(*filled);
  const auto number = parse_int(*filled);
  return number ? std::to_string(*number) : std::move(*filled);
}

void report_repeated(const FileContext& context, const Key& key, const IniEntry& entry) {
  context.report(Severity::kWarning, entry.name_at, entry.name_size,
                 {"repeated-key", std::string(key.name) + " was given before: the first one counts",
                  "keep one of the lines"});
}

void report_unused(const FileContext& context, const Key& key, const IniEntry& entry) {
  context.report(Severity::kNote, entry.name_at, entry.name_size,
                 {"unused-key", std::string(key.name) + " does nothing in a proxy",
                  "remove the line, or leave it for wg-quick"});
}

void report_missing(const FileContext& context, const IniSection& section, const SectionName& name,
                    const Key& key) {
  const std::string place = "[" + std::string(name.name) + "]";
  context.error_at(section, {"no-key", "this " + place + " has no " + std::string(key.name),
                             "write " + std::string(key.name) + " = VALUE below it"});
}

void report_cut(const FileContext& context, config::Position at) {
  context.report(Severity::kWarning, at, 1,
                 {"cut-value", "this begins a comment, so the value ends before it",
                  "put the value between ` and `, or a space before the comment"});
}

// Where the keys of a section go.
struct Places {
  config::Peer* peer;
  Draft* draft;
};

void set_key(const FileContext& context, const IniSection& section, const SectionName& name,
             const Key& key, const IniEntry& entry, const Places& places) {
  if (entry.cut_at) report_cut(context, *entry.cut_at);
  auto text = text_of(context, section, name, key, entry);
  if (!text) return;
  if (text->empty() && (key.needed_in & name.bit) != 0) {
    context.report(
        Severity::kError, entry.value_at, entry.value_size,
        {"no-value", std::string(key.name) + " has no value", "write a value after the '='"});
    return;
  }
  const bool secret = key.holds == Key::Holds::kSecretKey || key.holds == Key::Holds::kPassword;
  const bool elsewhere = entry.value.starts_with('$') && !entry.value.starts_with("$$");
  context.holds_secret = context.holds_secret || (secret && !elsewhere && !entry.value.empty());
  key.set({context.config, places.peer, places.draft, context.diagnostics, context.sources,
           context.path, entry.value_at, entry.value_size},
          *text);
  wipe(*text);
}

}  // namespace

std::vector<const Key*> read_section(const FileContext& context, const IniSection& section,
                                     const SectionName& name, config::Peer* peer, Draft* draft) {
  std::vector<const Key*> seen;
  for (const IniEntry& entry : section.entries) {
    const Key* const key = find_key(name.bit, entry.name);
    const bool repeated = std::ranges::find(seen, key) != seen.end();
    if (key == nullptr) {
      report_unknown(context, entry, name);
    } else if (key->kind == Key::Kind::kUnused) {
      report_unused(context, *key, entry);
    } else if (repeated && key->kind != Key::Kind::kList) {
      report_repeated(context, *key, entry);
    } else {
      if (!repeated) seen.push_back(key);
      set_key(context, section, name, *key, entry, {peer, draft});
    }
  }
  if (const Key* const missing = missing_key(name.bit, seen)) {
    report_missing(context, section, name, *missing);
  }
  return seen;
}

}  // namespace wring::proxy
