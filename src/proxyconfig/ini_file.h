// A file of sections and keys as go-ini reads it, which wireproxy uses: any case, sections and keys
// that repeat, `=` or `:`, quotes, continued lines, comments that begin with `#` or `;`.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "proxyconfig/wipe.h"

namespace wring::proxy {

// The value may be a secret, so it is overwritten at the end.
struct IniEntry {
  std::string name;   // in small letters
  std::string value;  // without quotes and comment, continued lines joined; `%(NAME)s` as written
  config::Position name_at;
  std::size_t name_size = 0;  // as written
  config::Position value_at;  // of an empty value: the name's
  std::size_t value_size = 1;
  // The value is a part of one line, so that what lies within it can be pointed at.
  bool in_one_piece = true;
  // Of a comment that begins within a word or between quotes, which is surely not meant.
  std::optional<config::Position> cut_at;

  IniEntry() = default;
  IniEntry(IniEntry&&) = default;
  IniEntry& operator=(IniEntry&&) = delete;
  IniEntry(const IniEntry&) = delete;
  IniEntry& operator=(const IniEntry&) = delete;
  ~IniEntry() { wipe(value); }
};

struct IniSection {
  std::string name;  // in small letters; what stands before the first section is "default"
  config::Position at;
  std::size_t size = 1;      // of the header
  bool is_reported = false;  // its header is wrong, so nothing is said about its keys
  std::vector<IniEntry> entries;

  // The first of this name. Null if there is none.
  [[nodiscard]] const IniEntry* find(std::string_view key) const;
};

struct IniFile {
  std::vector<IniSection> sections;  // in the order of the file; the first is "default"
  bool is_cut_off = false;           // a quote has no end, so what follows it is not known
};

// go-ini ends at the first mistake. This goes on, and reports all.
[[nodiscard]] IniFile parse_ini(std::string_view text, config::Diagnostics& diagnostics);

// The value with each `%(NAME)s` replaced by the key NAME of the section, or else of what stands
// before the first section. A name that is in neither stays. The caller wipes it. Nothing if it
// becomes longer than kMaxInterpolated.
inline constexpr std::size_t kMaxInterpolated = 65536;
[[nodiscard]] std::optional<std::string> interpolated(const IniFile& file,
                                                      const IniSection& section,
                                                      const IniEntry& entry);

}  // namespace wring::proxy
