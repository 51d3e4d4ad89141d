// All keys of the file: in which section they are, which program they are of, and how each is read.
#pragma once

#include <cstdint>
#include <string_view>

#include "config/diagnostics.h"
#include "config/tunnel_config.h"

namespace wring::config {

enum class Section : std::uint8_t { kInterface, kPeer };
// "[Interface]", "[Peer]".
[[nodiscard]] std::string_view to_string(Section section);

// The value of one entry, trimmed and not empty.
struct Value {
  std::string_view text;
  Position at;
};

// Where a value goes. `peer` is nothing for a key of [Interface].
struct Target {
  Interface& interface;
  Peer* peer;
  Diagnostics& diagnostics;
};

struct Key {
  enum class Origin : std::uint8_t { kWg, kWgQuick, kWring };
  enum class Holds : std::uint8_t { kPlain, kSecret, kCommand };

  std::string_view name;
  Section section;
  Origin origin;
  Holds holds;
  bool repeats;  // each line adds to those before; else the last line counts
  // Reads the value into the target, or reports why it does not.
  void (*set)(const Target& target, const Value& value);
  // Removes what an earlier line set, of a key that does not repeat.
  void (*clear)(const Target& target);
};

// Without regard to case. Null if there is no such key.
[[nodiscard]] const Key* find_key(Section section, std::string_view name);
// The key that a misspelt name most likely means, or null.
[[nodiscard]] const Key* similar_key(Section section, std::string_view name);

}  // namespace wring::config
