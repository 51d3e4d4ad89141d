// All sections and keys: where a key may stand, where it has to, and how it is read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "proxyconfig/proxy_config.h"
#include "proxyconfig/sources.h"

namespace wring::proxy {

// Sets of sections are the union of their bits.
using Sections = std::uint32_t;
inline constexpr Sections kInterface = 1;
inline constexpr Sections kPeer = 2;
inline constexpr Sections kResolve = 4;
[[nodiscard]] constexpr Sections section_bit(Listener::Kind kind) {
  return 8U << static_cast<unsigned>(kind);
}

struct SectionName {
  std::string_view name;  // as wireproxy writes it
  Sections bit;
  std::optional<Listener::Kind> listener;
};
// Without regard to case. Null if there is no such section.
[[nodiscard]] const SectionName* find_section(std::string_view name);
// "[Socks5]" for what a misspelt name most likely means; empty: nothing does.
[[nodiscard]] std::string similar_section(std::string_view name);

// A listener of which not all is known yet.
struct Draft {
  Listener listener;
  std::optional<std::string> username;
  std::optional<std::string> password;
  std::optional<std::uint32_t> socket_mode;
};

// A value on its way: what it is about, and what it changes.
struct Target {
  ProxyConfig& config;
  config::Peer* peer;  // of [Peer]
  Draft* draft;        // of a listener
  config::Diagnostics& diagnostics;
  const Sources& sources;
  const std::string& file;  // that the value stands in: its path
  config::Position at;      // of the value
  std::size_t size;

  void complain(config::Complaint complaint) const {
    diagnostics.add(config::Severity::kError, at, size, std::move(complaint));
  }
};

struct Key {
  enum class Kind : std::uint8_t {
    kOne,     // of several lines the first counts
    kNumber,  // the same; the value may have a form of Go: 0x10
    kList,    // lines add up
    kUnused,  // of wg-quick, without effect here
  };
  enum class Holds : std::uint8_t {
    kPlain,
    kPublicKey,  // not to be shown, because it may be a secret one by mistake
    kSecretKey,
    kPassword,  // a user or a password: nothing of it may be shown
  };

  std::string_view name;
  Sections sections;
  Sections needed_in;
  Kind kind;
  Holds holds;
  void (*set)(const Target& target, std::string_view text);
};

// Without regard to case. Null if no section of the set has such a key.
[[nodiscard]] const Key* find_key(Sections sections, std::string_view name);
// The key that a misspelt name most likely means, or null.
[[nodiscard]] const Key* similar_key(Sections sections, std::string_view name);
// The first key that is needed and is not in `seen`. Null if all are there.
[[nodiscard]] const Key* missing_key(Sections section, const std::vector<const Key*>& seen);

}  // namespace wring::proxy
